#pragma once

#include <memory>
#include <string>

#include "daemon/engine/engine.hpp"
#include "daemon/pipeline/engine_setup.hpp"
#include "daemon/record/session_reader.hpp"
#include "daemon/settings/settings.hpp"

namespace vturn::tools {

/// A session's engine again, with the configuration and models that its log holds, those loaded while it ran too.
class ReplayedEngine {
 public:
  struct Choice {
    /// Another rig file, which names its own models; a heading model other than the session's is kept throughout.
    std::string config;
    /// Sleep features are wanted even of a session without a sleep model.
    bool sleep_features = false;
  };

  /// `name`: of the log, for errors. Throws UsageError.
  ReplayedEngine(const record::SessionReader& session, std::string name, const Choice& choice);

  void step(const InputEvent& event, OutputBuffer& out);
  [[nodiscard]] const Engine& engine() const noexcept { return *engine_; }

 private:
  struct Set {
    settings::Rig rig;
    ModelTexts models;
  };
  Set begun_with(const std::string& config) const;
  EngineSettings loaded_settings(std::uint64_t hash);

  const record::SessionReader& session_;
  std::string name_;
  Set set_;
  bool follows_ = true;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
};

}  // namespace vturn::tools
