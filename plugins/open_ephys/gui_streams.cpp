#include "plugins/open_ephys/gui_streams.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

namespace vturn::plugins {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = boost::asio::ip::tcp;
using std::chrono::milliseconds;

constexpr std::uint64_t kMaxBodyBytes = 8 << 20;
constexpr milliseconds kStepTimeout{650};
// How long a stop may wait for a step to notice it.
constexpr milliseconds kStopGrain{20};

struct Url {
  std::string host, port;
};

Expected<Url> parse_url(std::string_view url) {
  const Error bad{"http = \"" + std::string(url) + "\": expected http://ADDRESS:PORT"};
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return bad;
  std::string_view rest = url.substr(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size()) return bad;
  return Url{std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))};
}

/// One connection, step by step: each step has a time-out and gives way to a stop. Beast has time-outs for asynchronous
/// steps only.
class Exchange {
 public:
  explicit Exchange(const std::atomic<bool>& stop) : stop_(stop), stream_(io_) {}

  std::string get(const Url& url, const char* target) {
    const std::string& host = url.host == "localhost" ? kLoopback : url.host;
    const tcp::endpoint endpoint(boost::asio::ip::make_address(host), static_cast<std::uint16_t>(std::stoi(url.port)));
    step([&](auto&& done) { stream_.async_connect(endpoint, done); });
    request_ = {http::verb::get, target, 11};
    request_.set(http::field::host, url.host);
    request_.set(http::field::connection, "close");
    step([&](auto&& done) { http::async_write(stream_, request_, done); });
    response_.body_limit(kMaxBodyBytes);
    step([&](auto&& done) { http::async_read(stream_, buffer_, response_, done); });
    if (response_.get().result() != http::status::ok)
      throw std::runtime_error("status " + std::to_string(response_.get().result_int()));
    return std::move(response_.get().body());
  }

 private:
  inline static const std::string kLoopback = "127.0.0.1";

  template <class Start>
  void step(Start&& start) {
    done_ = false;
    stream_.expires_after(kStepTimeout);
    start([this](beast::error_code error, auto&&...) {
      result_ = error;
      done_ = true;
    });
    io_.restart();
    while (!done_ && !stop_.load()) io_.run_one_for(kStopGrain);
    if (!done_) throw std::runtime_error("stopped");
    if (result_) throw beast::system_error(result_);
  }

  const std::atomic<bool>& stop_;
  beast::error_code result_;
  bool done_ = false;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> response_;
  beast::flat_buffer buffer_;
  // Last, so that steps cut short are dropped while what they refer to still lives.
  boost::asio::io_context io_;
  beast::tcp_stream stream_;
};

}  // namespace

Expected<std::vector<GuiStream>> parse_processors(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const Error bad{"GET /api/processors: not the answer of an Open Ephys GUI"};
  if (!json.is_object() || !json.contains("processors") || !json["processors"].is_array()) return bad;
  std::vector<GuiStream> streams;
  for (const auto& processor : json["processors"]) {
    if (!processor.is_object()) return bad;
    for (const auto& stream : processor.value("streams", nlohmann::json::array())) {
      const bool usable = stream.is_object() && stream.contains("name") && stream["name"].is_string() &&
                          stream.contains("sample_rate") && stream["sample_rate"].is_number();
      if (!usable) return bad;
      const GuiStream found{stream["name"].get<std::string>(), stream["sample_rate"].get<double>()};
      const auto same = [&](const GuiStream& known) {
        return known.name == found.name && known.sample_rate_hz == found.sample_rate_hz;
      };
      if (found.sample_rate_hz > 0 && std::none_of(streams.begin(), streams.end(), same)) streams.push_back(found);
    }
  }
  return streams;
}

double rate_of(const std::vector<GuiStream>& streams, std::string_view stream) {
  double rate_hz = 0;
  for (const GuiStream& candidate : streams) {
    const bool is_it = stream.empty() || stream == candidate.name ||
                       (stream.ends_with(candidate.name) && stream[stream.size() - candidate.name.size() - 1] == '.');
    if (!is_it) continue;
    if (rate_hz != 0 && rate_hz != candidate.sample_rate_hz) return 0;
    rate_hz = candidate.sample_rate_hz;
  }
  return rate_hz;
}

std::string list_names(const std::vector<GuiStream>& streams) {
  std::string names;
  for (const GuiStream& stream : streams) {
    if (!names.empty()) names += ", ";
    names += "\"" + stream.name + "\"";
  }
  return names.empty() ? "none" : names;
}

Expected<std::vector<GuiStream>> ask_gui(const std::string& url, const std::atomic<bool>& stop) {
  const auto parsed = parse_url(url);
  if (!parsed) return Error{parsed.error()};
  try {
    return parse_processors(Exchange(stop).get(*parsed, "/api/processors"));
  } catch (const std::exception& problem) {
    return Error{"GET " + url + "/api/processors: " + problem.what()};
  }
}

GuiStreams::GuiStreams(std::string url) : url_(std::move(url)) {}

GuiStreams::~GuiStreams() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GuiStreams::start() {
  if (!url_.empty()) thread_ = std::thread([this] { run(); });
}

void GuiStreams::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !answered_) {
    lock.unlock();
    auto streams = ask_gui(url_, stop_);
    lock.lock();
    answered_ = static_cast<bool>(streams);
    if (answered_) {
      streams_ = *std::move(streams);
    } else {
      error_ = streams.error();
      wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_.load(); });
    }
  }
}

bool GuiStreams::answered(std::vector<GuiStream>& streams) {
  const std::lock_guard lock(mutex_);
  if (answered_) streams = streams_;
  return answered_;
}

std::string GuiStreams::last_error() {
  const std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace vturn::plugins
