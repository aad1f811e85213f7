#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/core/expected.hpp"

namespace vturn::plugins {

struct GuiStream {
  std::string name;
  double sample_rate_hz = 0;
};

/// The streams in the answer to GET /api/processors, each once.
Expected<std::vector<GuiStream>> parse_processors(std::string_view body);

/// The rate of a stream as the ZMQ Interface names it ("File_Reader-100.example", HTTP: "example"). With `stream`
/// empty, the rate that all streams share. 0 when there is no one answer.
double rate_of(const std::vector<GuiStream>& streams, std::string_view stream);
/// Names for a log line: "a", "b".
std::string list_names(const std::vector<GuiStream>& streams);

/// GET of `url` + "/api/processors" within two seconds, or until `stop`. Blocks: not for a reader.
Expected<std::vector<GuiStream>> ask_gui(const std::string& url, const std::atomic<bool>& stop);

/// Asks the GUI on a thread of its own, once a second until it answers or the object ends.
class GuiStreams {
 public:
  explicit GuiStreams(std::string url);
  ~GuiStreams();
  GuiStreams(const GuiStreams&) = delete;
  GuiStreams& operator=(const GuiStreams&) = delete;

  void start();
  /// True once there is an answer; then `streams` holds it. Never waits for the network.
  bool answered(std::vector<GuiStream>& streams);
  [[nodiscard]] std::string last_error();

 private:
  void run();

  std::string url_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stop_{false};
  bool answered_ = false;
  std::vector<GuiStream> streams_;
  std::string error_;
  std::thread thread_;
};

}  // namespace vturn::plugins
