#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "tools/commands/monitor_view.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/wire_client.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

using Clock = std::chrono::steady_clock;

struct MonitorOptions {
  std::string address = "tcp://127.0.0.1:5600";
  std::vector<std::string> topics;
  ClientOptions keys;
  std::uint64_t count = 0;
  double for_s = 0;
  bool json = false;
  bool lines = false;
};

void print_json_line(const Published& published, std::uint64_t missed) {
  std::string object = "{\"topic\":\"" + std::string(wire::topic_name(published.topic)) + "\"";
  if (missed > 0) object += ",\"missed_before\":" + std::to_string(missed);
  const std::string body = to_json(*published.message);  // at least the header, so never "{}"
  std::printf("%s,%s\n", object.c_str(), body.c_str() + 1);
  std::fflush(stdout);
}

void print_line(const Published& published, std::uint64_t missed) {
  if (missed > 0) {
    std::printf("%llu messages of %s missed by this monitor\n", static_cast<unsigned long long>(missed),
                std::string(wire::topic_name(published.topic)).c_str());
  }
  std::printf("%s\n", describe(published).c_str());
  std::fflush(stdout);
}

/// Redraws the terminal in place, at most four times a second.
class Screen {
 public:
  void show(const MonitorView& view, double silent_s, Clock::time_point now) {
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(250);
    std::string text = view.render(silent_s);
    // Each line clears what stood behind it, and the last one what stood below: no flicker from clearing it all.
    std::string cleared = "\033[H";
    for (const char c : text) c == '\n' ? cleared += "\033[K\n" : cleared += c;
    std::printf("%s%s\033[J", first_ ? "\033[2J" : "", cleared.c_str());
    std::fflush(stdout);
    first_ = false;
  }

 private:
  Clock::time_point next_{};
  bool first_ = true;
};

class Monitor {
 public:
  explicit Monitor(const MonitorOptions& options)
      : options_(options), live_(!options.json && !options.lines && isatty(STDOUT_FILENO) == 1) {}

  int run() {
    const InterruptScope scope;
    zmq::context_t context;
    const std::vector<std::string> topics = options_.topics.empty() ? std::vector<std::string>{""} : options_.topics;
    zmq::socket_t socket = connect(context, zmq::socket_type::sub, options_.address, options_.keys, topics);
    const auto start = Clock::now();
    last_heard_ = start;
    while (!interrupted() && !enough() && !over(Clock::now() - start)) {
      const Published published = receive_published(socket, 100);
      if (published.message) take(published);
      const auto now = Clock::now();
      if (live_) screen_.show(view_, std::chrono::duration<double>(now - last_heard_).count(), now);
    }
    return finish();
  }

 private:
  [[nodiscard]] bool enough() const { return options_.count > 0 && taken_ >= options_.count; }
  [[nodiscard]] bool over(Clock::duration since_start) const {
    return options_.for_s > 0 && std::chrono::duration<double>(since_start).count() >= options_.for_s;
  }

  void take(const Published& published) {
    ++taken_;
    last_heard_ = Clock::now();
    const std::uint64_t missed = check_.missed_before(published.topic, published.header());
    if (live_) {
      view_.take(published);
      if (missed > 0) view_.missed(published.topic, missed);
    } else if (options_.json) {
      print_json_line(published, missed);
    } else {
      print_line(published, missed);
    }
  }

  int finish() const {
    if (taken_ == 0) {
      std::fprintf(stderr, "vturn monitor: nothing heard from %s; is vturnd running, and are the topics right?\n",
                   options_.address.c_str());
    }
    if (check_.missed() > 0) {
      std::fprintf(stderr, "vturn monitor: %llu messages missed\n", static_cast<unsigned long long>(check_.missed()));
    }
    return options_.count > 0 && taken_ < options_.count ? 1 : 0;
  }

  MonitorOptions options_;
  bool live_;
  std::uint64_t taken_ = 0;
  SequenceCheck check_;
  MonitorView view_;
  Screen screen_;
  Clock::time_point last_heard_;
};

Run configure(CLI::App& app) {
  auto options = std::make_shared<MonitorOptions>();
  app.add_option("--address", options->address, "vturnd's PUB address")->capture_default_str();
  std::vector<std::string> names(wire::kTopicNames.begin(), wire::kTopicNames.end());
  app.add_option("--topics", options->topics, "only these")->delimiter(',')->check(CLI::IsMember(names));
  app.add_option("--count", options->count, "end after so many messages; exit code 1 when fewer came");
  app.add_option("--for", options->for_s, "end after so many seconds")->check(CLI::PositiveNumber);
  app.add_flag("--json", options->json, "one JSON object a line");
  app.add_flag("--lines", options->lines, "one line a message on a terminal too, instead of the live view");
  add_key_options(app, options->keys);
  return [options] { return Monitor(*options).run(); };
}

const Registration kRegistration{{"", "monitor", "show what vturnd publishes", configure}};

}  // namespace
}  // namespace vturn::tools
