// RHX's sockets outlive the daemon that opened them: real processes, real sockets on the loopback.
#include <sys/mman.h>

#include <optional>

#include "daemon/rt/descriptors.hpp"
#include "plugins/intan_rhx/keeper.hpp"
#include "plugins/intan_rhx/socket_keep.hpp"
#include "tests/unit/plugins/rhx_kept.hpp"

using namespace vturn;
using namespace vturn::plugins;
using test::Child;
using test::Descriptor;
using test::keeper_there;
using test::Listener;
using test::Pair;
using test::read_some;
using test::wait_for;

namespace {

constexpr MonoNs kSoonNs = 100 * kNsPerMs;

MonoNs mono_now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// A keeper in a process of its own, whose first owner is the test.
class RunningKeeper {
 public:
  RunningKeeper(const std::string& rhx, MonoNs stalled_ns) : RunningKeeper(rhx, stalled_ns, pair()) {}
  void say(KeeperMessage::Kind kind, KeptRole role, int descriptor = -1) const {
    const KeeperMessage message{kind, role, 0};
    say(message.bytes(), descriptor);
  }
  void say(std::string_view bytes, int descriptor) const {
    REQUIRE(rt::send_descriptors(owner_.get(), bytes, std::span<const int>(&descriptor, descriptor >= 0 ? 1U : 0U)));
  }
  void leave() { owner_.reset(); }
  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  bool ended() { return child_->ended(); }

 private:
  struct Ends {
    int test, keeper;
  };
  static Ends pair() {
    int ends[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    return {ends[0], ends[1]};
  }
  struct Work {
    std::string rhx;
    MonoNs stalled_ns;
    Ends ends;
    void operator()() const {
      // Not RHX's side of the connections: it would never be gone.
      close_range(STDERR_FILENO + 1, static_cast<unsigned>(ends.keeper) - 1, 0);
      close_range(static_cast<unsigned>(ends.keeper) + 1, ~0U, 0);
      Keeper(rhx, ends.keeper, stalled_ns).run();
    }
  };
  RunningKeeper(const std::string& rhx, MonoNs stalled_ns, Ends ends) : owner_(ends.test) {
    child_.emplace(Work{rhx, stalled_ns, ends});
    close(ends.keeper);
    KeeperMessage message{KeeperMessage::Kind::kBusy};
    wait_for("the keeper", [&] {
      rt::receive_descriptor(owner_.get(), {reinterpret_cast<char*>(&message), sizeof message});
      return message.kind == KeeperMessage::Kind::kAll;
    });
  }

  Descriptor owner_;
  std::optional<Child<Work>> child_;
};

}  // namespace

TEST_CASE("RHX keeper: an owner that is killed leaves all sockets open, and the next one gets them as they were") {
  Listener rhx;
  Child owner([&] {
    const auto keep = make_socket_keep(rhx.address(), true);
    keep->page()->next_sample = 4711;
    keep->page()->channels_hash = 42;
    keep->page()->read_mono_ns = mono_now_ns();
    for (const KeptRole role : {KeptRole::kCommand, KeptRole::kWaveform, KeptRole::kSpikes}) {
      Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const sockaddr_in address = test::loopback(rhx.port());
      if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(78);
      keep->keep(role, socket.get());
    }
    _exit(9);
  });
  const Descriptor command = rhx.accept(), waveform = rhx.accept(), spikes = rhx.accept();
  REQUIRE(owner.code() == 9);
  const std::string words = "Return: RunMode Run";
  REQUIRE(send(command.get(), words.data(), words.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(words.size()));
  REQUIRE(send(spikes.get(), "spike", 5, MSG_NOSIGNAL) == 5);

  auto keep = make_socket_keep(rhx.address(), true);
  CHECK(keep->where() == "the process vturn-keeper");
  CHECK(keep->page()->next_sample == 4711);
  CHECK(keep->page()->channels_hash == 42U);
  const Descriptor taken_command(keep->take(KeptRole::kCommand)), taken_spikes(keep->take(KeptRole::kSpikes));
  CHECK(keep->take(KeptRole::kSpikes) == -1);
  CHECK(read_some(taken_command, 5000) == words);
  CHECK(read_some(taken_spikes, 5000) == "spike");
  REQUIRE(send(taken_command.get(), "get type;", 9, MSG_NOSIGNAL) == 9);
  CHECK(read_some(command, 5000) == "get type;");
  bool closed = false;
  read_some(waveform, 0, &closed);
  CHECK_FALSE(closed);
  // What is dropped is closed when the last one lets go of it.
  keep->drop(KeptRole::kWaveform);
  keep.reset();
  wait_for("the end of the waveform connection", [&] {
    read_some(waveform, 5, &closed);
    return closed;
  });
}

TEST_CASE("RHX keeper: reads in the owner's stead when it has not done so for a while, and says how much") {
  Listener rhx;
  const Pair waveform(rhx), spikes(rhx);
  RunningKeeper keeper(rhx.address(), kSoonNs);
  SharedPage page;
  page->read_mono_ns = mono_now_ns();
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kPage, page.fd());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, waveform.ours.get());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kSpikes, spikes.ours.get());
  waveform.say(std::string(70'000, 'w'));
  spikes.say("spike");
  wait_for("all of it", [&] { return page->drained_bytes == 70'005U; });
  CHECK(read_some(waveform.ours, 0).empty());
  // Also when the owner is dead.
  keeper.leave();
  waveform.say("more");
  wait_for("what came then", [&] { return page->drained_bytes == 70'009U; });
  CHECK_FALSE(keeper.ended());
}

TEST_CASE("RHX keeper: takes nothing from an owner that reads") {
  Listener rhx;
  const Pair waveform(rhx);
  RunningKeeper keeper(rhx.address(), Keeper::kStalledNs);
  SharedPage page;
  page->read_mono_ns = mono_now_ns();
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kPage, page.fd());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, waveform.ours.get());
  waveform.say("block");
  for (int i = 0; i < 100; ++i) {
    page->read_mono_ns = mono_now_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(page->drained_bytes == 0U);
  CHECK(read_some(waveform.ours, 0) == "block");
}

TEST_CASE("RHX keeper: without a page, or with a foreign one, keeps but never reads") {
  Listener rhx;
  const Pair waveform(rhx);
  RunningKeeper keeper(rhx.address(), kSoonNs);
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, waveform.ours.get());
  const Descriptor empty(memfd_create("empty", MFD_CLOEXEC)), foreign(memfd_create("foreign", MFD_CLOEXEC));
  REQUIRE(ftruncate(foreign.get(), 4096) == 0);
  for (const Descriptor* page : {&empty, &foreign}) {
    keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kPage, page->get());
    waveform.say("block");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(read_some(waveform.ours, 0) == "block");
  }
  keeper.leave();
  wait_for("the keeper to see it", [&] { return keeper_there(rhx.address()); });
  const auto next = make_socket_keep(rhx.address(), true);
  CHECK(Descriptor(next->take(KeptRole::kWaveform)));
  CHECK(next->page()->next_sample == 0);
}

TEST_CASE("RHX keeper: a second daemon is told who has this RHX, keeps nothing open, and disturbs nobody") {
  Listener rhx;
  const Pair waveform(rhx);
  const auto first = make_socket_keep(rhx.address(), true);
  first->page()->read_mono_ns = mono_now_ns();
  first->keep(KeptRole::kWaveform, waveform.ours.get());
  const std::size_t before = test::open_descriptors();
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_WITH(make_socket_keep(rhx.address(), true),
                      Catch::Contains("another vturnd (process " + std::to_string(getpid()) + ")"));
  }
  CHECK(test::open_descriptors() == before);
  waveform.say("block");
  CHECK(read_some(waveform.ours, 5000) == "block");
}

TEST_CASE("RHX keeper: one RHX has one keeper, and one that finds another leaves nothing open") {
  Listener rhx;
  const auto first = make_socket_keep(rhx.address(), true);
  const std::size_t before = test::open_descriptors();
  CHECK_THROWS_WITH(Keeper(rhx.address(), dup(STDIN_FILENO)), Catch::Contains(rhx.address()));
  CHECK(test::open_descriptors() == before);
  Listener other;
  CHECK_NOTHROW(make_socket_keep(other.address(), true));
}

TEST_CASE("RHX keeper: the newest socket of a role is the one that is handed on, dropped ones are not") {
  Listener rhx;
  const Pair first(rhx), second(rhx), spikes(rhx);
  RunningKeeper keeper(rhx.address(), Keeper::kStalledNs);
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, first.ours.get());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, second.ours.get());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kSpikes, spikes.ours.get());
  keeper.say(KeeperMessage::Kind::kDrop, KeptRole::kSpikes);
  keeper.leave();
  wait_for("the keeper to see it", [&] { return keeper_there(rhx.address()); });
  const auto next = make_socket_keep(rhx.address(), true);
  const Descriptor taken(next->take(KeptRole::kWaveform));
  REQUIRE(taken);
  CHECK(test::same_file(taken.get(), second.ours.get()));
  CHECK(next->take(KeptRole::kSpikes) == -1);
  CHECK(next->take(KeptRole::kCommand) == -1);
}

TEST_CASE("RHX keeper: messages that no owner sends cost it nothing") {
  Listener rhx;
  const Pair waveform(rhx);
  RunningKeeper keeper(rhx.address(), Keeper::kStalledNs);
  const auto kept = [&] { return test::open_descriptors(std::to_string(keeper.pid())); };
  const std::size_t before = kept();
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, waveform.ours.get());
  for (int i = 0; i < 20; ++i) {
    const int fd = waveform.ours.get();
    keeper.say("x", fd);
    keeper.say(std::string(100, '\3'), fd);
    keeper.say(KeeperMessage::Kind::kAll, KeptRole::kPage, fd);
    keeper.say(KeeperMessage::Kind::kDrop, KeptRole::kSpikes, fd);
    keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kSpikes);
    keeper.say(static_cast<KeeperMessage::Kind>(99), KeptRole::kPage, fd);
    keeper.say(KeeperMessage::Kind::kKeep, static_cast<KeptRole>(99), fd);
    keeper.say(KeeperMessage::Kind::kDrop, static_cast<KeptRole>(4));
  }
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kSpikes, waveform.ours.get());
  keeper.leave();
  // Both sockets more, the owner's connection less.
  wait_for("the last message", [&] { return kept() == before + 2 - 1; });
}

TEST_CASE("RHX keeper: ends when there is nothing left to keep") {
  Listener rhx;
  RunningKeeper idle(rhx.address(), Keeper::kStalledNs);
  idle.leave();
  wait_for("an idle keeper's end", [&] { return idle.ended(); });

  std::optional<Pair> command(rhx), waveform(rhx);
  RunningKeeper keeper(rhx.address(), kSoonNs);
  SharedPage page;
  page->read_mono_ns = mono_now_ns();
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kPage, page.fd());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kCommand, command->ours.get());
  keeper.say(KeeperMessage::Kind::kKeep, KeptRole::kWaveform, waveform->ours.get());
  keeper.leave();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK_FALSE(keeper.ended());
  command.reset();
  waveform.reset();  // RHX is gone
  wait_for("the keeper's end", [&] { return keeper.ended(); });
  CHECK_FALSE(keeper_there(rhx.address()));
}

TEST_CASE("RHX keeper: nobody keeps what is not to be kept") {
  Listener rhx;
  const Pair waveform(rhx);
  const auto keep = make_socket_keep(rhx.address(), false);
  CHECK(keep->where() == "nowhere");
  keep->keep(KeptRole::kWaveform, waveform.ours.get());
  CHECK(keep->take(KeptRole::kWaveform) == -1);
  keep->page()->next_sample = 1;
  CHECK_FALSE(keeper_there(rhx.address()));
}
