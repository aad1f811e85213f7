#pragma once

#include <span>
#include <string_view>

namespace vturn::rt {

/// Is systemd there and listening (NOTIFY_SOCKET)?
bool has_service_manager() noexcept;

/// One message of sd_notify(3), such as "READY=1" or "FDSTORE=1\nFDNAME=x" with descriptors, which systemd keeps then.
/// False when it could not be sent.
bool tell_service_manager(std::string_view state, std::span<const int> descriptors = {}) noexcept;

}  // namespace vturn::rt
