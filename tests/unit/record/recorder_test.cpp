// The recorder against devices that refuse, stall or fill up: the caller is never held, what is lost is counted
// exactly, and what was recorded can be read.
#include "daemon/record/recorder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <span>
#include <thread>

#include "daemon/record/session_reader.hpp"
#include "tests/unit/record/session_samples.hpp"

using namespace vturn;
using namespace vturn::record;
using namespace vturn::test;

namespace {
std::atomic<int> sync_errno{0};
}  // namespace

/// In place of the C library's: a disk that loses pages.
extern "C" int fdatasync(int descriptor) {
  errno = sync_errno.load();
  return errno != 0 ? -1 : static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace {

std::unique_ptr<Recorder> started(const RecorderOptions& options) {
  auto recorder = Recorder::start(options);
  if (!recorder) FAIL(recorder.error());
  return *std::move(recorder);
}

struct Given {
  std::vector<InputEvent> accepted_before_gap;
  std::uint64_t refused = 0;
};

Given give(Recorder& recorder, const std::vector<InputEvent>& inputs) {
  Given given;
  for (const auto& event : inputs) {
    if (!recorder.try_input(event)) {
      ++given.refused;
    } else if (given.refused == 0) {
      given.accepted_before_gap.push_back(event);
    }
  }
  return given;
}

std::vector<InputEvent> read_inputs(SessionReader& session) {
  std::vector<InputEvent> inputs;
  for (auto item = session.next(); item != SessionReader::Item::kEnd; item = session.next())
    if (item == SessionReader::Item::kInput) inputs.push_back(session.input());
  return inputs;
}

void check_same(const std::vector<InputEvent>& read, const std::vector<InputEvent>& given) {
  REQUIRE(read.size() == given.size());
  for (std::size_t i = 0; i < read.size(); ++i) REQUIRE(same(read[i], given[i]));
}

// Another process that copies the pipe into a file, until the pipe is closed.
pid_t copying_child(const std::string& pipe, const std::string& copy) {
  const pid_t child = fork();
  if (child != 0) return child;
  const int out = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int in = ::open(pipe.c_str(), O_RDONLY);
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(in, bytes, sizeof bytes)) > 0;)
    if (::write(out, bytes, static_cast<std::size_t>(got)) != got) _exit(1);
  _exit(0);
}

int open_when_read(const std::string& pipe) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int descriptor = ::open(pipe.c_str(), O_WRONLY | O_NONBLOCK);
    if (descriptor >= 0) return descriptor;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return -1;
}

template <class Condition>
bool eventually(const Condition& condition) {
  for (int attempt = 0; attempt < 2000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("a session is recorded under its id and can be read back") {
  const TemporaryFolder folder;
  const auto inputs = random_inputs(21, 4000);
  auto recorder = started(recorder_options(folder));
  CHECK(recorder->state() == State::kRecording);
  CHECK(recorder->path() == folder.file("sessions/night-1.mcap"));
  for (const auto& event : inputs) {
    REQUIRE(recorder->try_input(event));
    if (event.kind == InputKind::kHeading)
      REQUIRE(recorder->try_output(heading_output(event.session_time_ns, 1.5F), stamps_at(event.now_mono_ns)));
  }
  REQUIRE(recorder->try_digest(inputs.size(), 0, 0, true));
  const auto report = recorder->stop();
  CHECK(report.whole);
  CHECK(recorder->lost() == 0);
  CHECK(recorder->written_bytes() == std::filesystem::file_size(recorder->path()));
  struct stat status {};
  REQUIRE(::stat(recorder->path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
  auto session = SessionReader::open(recorder->path());
  REQUIRE(session);
  check_same(read_inputs(*session), inputs);
  CHECK(session->complete());
}

TEST_CASE("what is attached while recording stands before all inputs that follow, wherever the log is cut") {
  const TemporaryFolder folder;
  const auto inputs = random_inputs(23, 3000);
  const std::span<const InputEvent> all(inputs);
  auto recorder = started(recorder_options(folder));
  for (const auto& event : all.first(1000)) REQUIRE(recorder->try_input(event));
  REQUIRE(recorder->attach("heading-1.json", "application/json", std::string(300'000, 'm')));
  for (const auto& event : all.subspan(1000, 1000)) REQUIRE(recorder->try_input(event));
  REQUIRE(recorder->attach("heading-2.json", "application/json", "second"));
  for (const auto& event : all.subspan(2000)) REQUIRE(recorder->try_input(event));
  REQUIRE(recorder->stop().whole);
  CHECK_FALSE(recorder->attach("late", "", "x", kNsPerMs));

  const std::string whole = [&] {
    std::ifstream file(recorder->path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  for (std::size_t size = whole.size(); size > 4096; size -= std::min<std::size_t>(size, 10'007)) {
    const std::string cut = folder.file("cut.mcap");
    std::ofstream(cut, std::ios::binary) << whole.substr(0, size);
    auto session = SessionReader::open(cut);
    if (!session) continue;
    std::size_t read = 0;
    for (auto item = session->next(); item != SessionReader::Item::kEnd; item = session->next()) {
      if (item != SessionReader::Item::kInput) continue;
      REQUIRE(same(session->input(), inputs[read]));
      if (++read > 1000) REQUIRE(session->attachment("heading-1.json").size() == 300'000);
      if (read > 2000) REQUIRE(session->attachment("heading-2.json") == "second");
    }
    if (size == whole.size()) CHECK(read == inputs.size());
  }
}

TEST_CASE("a session is never written over, and bad places are refused with one line") {
  const TemporaryFolder folder;
  auto options = recorder_options(folder);
  started(options)->stop();
  const auto again = Recorder::start(options);
  REQUIRE_FALSE(again);
  CHECK(again.error().find("night-1.mcap: exists already") != std::string::npos);

  options.file = folder.file("pipe");
  REQUIRE(mkfifo(options.file.c_str(), 0600) == 0);
  const auto unread = Recorder::start(options);
  REQUIRE_FALSE(unread);
  CHECK(unread.error().find("start its reader first") != std::string::npos);

  options.file = "/proc/nowhere/night.mcap";
  CHECK_FALSE(Recorder::start(options));
}

TEST_CASE("a full device: the caller goes on, losses are counted to the event, the stop is bounded") {
  const TemporaryFolder folder;
  auto options = recorder_options(folder);
  options.file = "/dev/full";
  options.ring_bytes = 1U << 16;
  options.max_pending_bytes = 1U << 16;
  auto recorder = started(options);
  const auto inputs = random_inputs(31, 200000);
  const auto given = give(*recorder, inputs);
  CHECK(given.refused > 0);
  CHECK(recorder->lost_inputs() == given.refused);
  CHECK(recorder->state() == State::kIncomplete);
  CHECK(eventually([&] { return recorder->write_error() == ENOSPC; }));
  const auto report = recorder->stop(kNsPerS / 2);
  CHECK_FALSE(report.whole);
  CHECK_FALSE(report.abandoned);
  CHECK(report.unwritten_bytes > 0);
  CHECK(recorder->written_bytes() == 0);
}

TEST_CASE("a pipe whose reader is stopped: nothing waits for it, the gap is marked where it is") {
  const TemporaryFolder folder;
  auto options = recorder_options(folder);
  options.file = folder.file("pipe");
  const std::string copy = folder.file("copy.mcap");
  options.ring_bytes = 1U << 17;
  options.max_pending_bytes = 1U << 16;
  REQUIRE(mkfifo(options.file.c_str(), 0600) == 0);
  const pid_t reader = copying_child(options.file, copy);
  const int held = open_when_read(options.file);
  REQUIRE(held >= 0);
  auto recorder = started(options);
  ::close(held);
  REQUIRE(::kill(reader, SIGSTOP) == 0);

  const auto inputs = random_inputs(33, 60000);
  const auto given = give(*recorder, inputs);
  CHECK(given.refused > 0);
  CHECK(recorder->lost_inputs() == given.refused);
  CHECK(recorder->state() == State::kIncomplete);

  REQUIRE(::kill(reader, SIGCONT) == 0);
  const auto report = recorder->stop(60 * kNsPerS);
  CHECK(report.whole);
  int status = 1;
  REQUIRE(::waitpid(reader, &status, 0) == reader);
  CHECK(status == 0);
  auto session = SessionReader::open(copy);
  REQUIRE(session);
  check_same(read_inputs(*session), given.accepted_before_gap);
  CHECK_FALSE(session->complete());
  CHECK(session->stopped_by().find("incomplete from input " + std::to_string(given.accepted_before_gap.size())) !=
        std::string::npos);
}

TEST_CASE("after a gap recording goes on, and the marks add up to what was lost") {
  const TemporaryFolder folder;
  auto options = recorder_options(folder);
  options.ring_bytes = 1U << 14;
  auto recorder = started(options);
  std::uint64_t accepted = 0;
  std::uint64_t refused_inputs = 0;
  std::uint64_t refused_outputs = 0;
  for (int round = 0; round < 3; ++round) {
    for (const auto& event : random_inputs(41 + static_cast<std::uint64_t>(round), 3000)) {
      recorder->try_input(event) ? ++accepted : ++refused_inputs;
      if (!recorder->try_output(trigger_output(1, Arm::kStim), stamps_at(1))) ++refused_outputs;
    }
    REQUIRE(eventually([&] { return recorder->depth() == 0; }));
  }
  CHECK(refused_inputs > 0);
  CHECK(recorder->lost_inputs() == refused_inputs);
  CHECK(recorder->lost_outputs() == refused_outputs);
  CHECK(recorder->state() == State::kIncomplete);
  REQUIRE(recorder->stop().whole);

  auto reader = McapReader::open(recorder->path());
  REQUIRE(reader);
  std::uint64_t marked_inputs = 0, marked_outputs = 0, gaps = 0, inputs = 0;
  v1::InputBatch batch;
  for (auto item = reader->next(); item != McapItem::kEnd; item = reader->next()) {
    REQUIRE(item != McapItem::kDamage);
    if (item == McapItem::kMessage && reader->message().channel->topic == kInputTopic) {
      REQUIRE(batch.ParseFromString(std::string(reader->message().data)));
      inputs += static_cast<std::uint64_t>(batch.inputs_size());
    }
    if (item != McapItem::kMetadata || reader->metadata_name() != kIncompleteMetadata) continue;
    ++gaps;
    marked_inputs += std::stoull(reader->metadata().at("inputs_lost"));
    marked_outputs += std::stoull(reader->metadata().at("outputs_lost"));
  }
  CHECK(gaps >= 3);
  CHECK(marked_inputs == refused_inputs);
  CHECK(marked_outputs == refused_outputs);
  CHECK(inputs == accepted);
}

TEST_CASE("a sync that fails has lost what it was to store: the log is incomplete, whatever is written afterwards") {
  const TemporaryFolder folder;
  auto recorder = started(recorder_options(folder));
  const auto inputs = random_inputs(71, 3000);
  const std::span<const InputEvent> all(inputs);
  sync_errno = EINTR;  // no failure: it is tried again
  for (const auto& event : all.first(1000)) REQUIRE(recorder->try_input(event));
  REQUIRE(eventually([&] { return recorder->written_bytes() > 20'000; }));
  CHECK(recorder->state() == State::kRecording);
  sync_errno = EIO;
  for (const auto& event : all.subspan(1000, 1000)) REQUIRE(recorder->try_input(event));
  CHECK(eventually([&] { return recorder->state() == State::kIncomplete; }));
  CHECK(recorder->write_errors() == 1);
  sync_errno = 0;
  const auto written = recorder->written_bytes();
  for (const auto& event : all.subspan(2000)) REQUIRE(recorder->try_input(event));
  REQUIRE(eventually([&] { return recorder->written_bytes() > written; }));
  CHECK(recorder->write_error() == EIO);
  CHECK_FALSE(recorder->stop().whole);
  CHECK(recorder->lost() == 0);
}

TEST_CASE("the sync at the end of a session counts too") {
  const TemporaryFolder folder;
  auto recorder = started(recorder_options(folder));
  for (const auto& event : random_inputs(73, 1000)) REQUIRE(recorder->try_input(event));
  sync_errno = EIO;
  CHECK_FALSE(recorder->stop().whole);
  sync_errno = 0;
  CHECK(recorder->state() == State::kIncomplete);
}

TEST_CASE("a device that holds the writing thread does not hold the stop") {
  const TemporaryFolder folder;
  auto options = recorder_options(folder);
  options.file = folder.file("pipe");
  REQUIRE(mkfifo(options.file.c_str(), 0600) == 0);
  const int reader = ::open(options.file.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  auto recorder = started(options);
  // Made blocking behind the recorder's back, its write now waits in the kernel as on a hung disk.
  std::size_t made_blocking = 0;
  for (int descriptor = 3; descriptor < 256; ++descriptor) {
    std::error_code none;
    const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), none);
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (none || target != options.file || flags < 0 || (flags & O_ACCMODE) != O_WRONLY) continue;
    REQUIRE(::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0);
    ++made_blocking;
  }
  REQUIRE(made_blocking == 1);
  give(*recorder, random_inputs(51, 20000));
  const auto report = recorder->stop(kNsPerS / 2);
  CHECK(report.abandoned);
  recorder.reset();
  // The thread that was left behind ends once its device answers: by reading until it closes the pipe.
  REQUIRE(::fcntl(reader, F_SETFL, 0) == 0);
  char bytes[4096];
  while (::read(reader, bytes, sizeof bytes) > 0) {
  }
  ::close(reader);
}

TEST_CASE("a file system that fills up and is cleared: recording goes on where it stopped") {
  const TemporaryFolder folder;
  const std::string mounted = folder.file("small");
  std::filesystem::create_directory(mounted);
  if (::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=512k") != 0) {
    WARN("SKIPPED: a small file system needs the right to mount");
    return;
  }
  const std::string filler = mounted + "/filler";
  std::ofstream(filler) << std::string(400U << 10, 'x') << std::flush;
  auto options = recorder_options(folder);
  options.file = mounted + "/night.mcap";
  options.session.compress = false;
  options.ring_bytes = 4U << 20;
  const auto inputs = random_inputs(61, 5000);
  {
    auto recorder = started(options);
    CHECK(give(*recorder, inputs).refused == 0);
    CHECK(eventually([&] { return recorder->write_error() == ENOSPC; }));
    CHECK(recorder->state() == State::kRecording);
    std::filesystem::remove(filler);
    CHECK(recorder->stop(60 * kNsPerS).whole);
    auto session = SessionReader::open(options.file);
    REQUIRE(session);
    check_same(read_inputs(*session), inputs);
    CHECK(session->stopped_by().find("ends before the session") != std::string::npos);
  }
  CHECK(::umount(mounted.c_str()) == 0);
}
