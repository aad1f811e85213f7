#include "tools/lib/interrupt.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX's, not <csignal>'s

#include <csignal>

namespace vturn::tools {
namespace {

volatile std::sig_atomic_t interrupt_count = 0;
struct sigaction former_int, former_term;

extern "C" void on_interrupt(int number) {
  interrupt_count = interrupt_count + 1;
  if (interrupt_count < 2) return;
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

InterruptScope::InterruptScope() {
  interrupt_count = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &former_int);
  ::sigaction(SIGTERM, &action, &former_term);
}

InterruptScope::~InterruptScope() {
  ::sigaction(SIGINT, &former_int, nullptr);
  ::sigaction(SIGTERM, &former_term, nullptr);
}

bool interrupted() noexcept { return interrupt_count != 0; }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

}  // namespace vturn::tools
