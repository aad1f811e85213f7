// vturn-keeper RHX_ADDRESS: started by vturnd's intan_rhx source, with a connection to it as descriptor 3. Outlives it.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "plugins/intan_rhx/keeper.hpp"

int main(int argc, char** argv) {
  constexpr int kOwner = 3;
  if (argc != 2) {
    std::fprintf(stderr, "vturn-keeper is started by vturnd; it is no command\n");
    return 2;
  }
  close_range(kOwner + 1, ~0U, 0);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    vturn::plugins::Keeper(argv[1], kOwner).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vturn-keeper: %s\n", error.what());
    return 1;
  }
  return 0;
}
