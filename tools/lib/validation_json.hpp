#pragma once

#include "daemon/decode/validation.hpp"
#include "tools/lib/json_out.hpp"

namespace vturn::tools {

/// Figures of blocks left out, as `vturn calibrate heading` and `vturn evaluate heading` print them.
Json validation_json(const HeadingValidation& validation);

}  // namespace vturn::tools
