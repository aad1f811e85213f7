#include "plugins/intan_rhx/kept_page.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace vturn::plugins {

SharedPage::SharedPage(int fd, bool fresh) : fd_(fd) {
  const auto fail = [this](const char* why) {
    if (fd_ >= 0) close(fd_);
    throw std::runtime_error(std::string("kept sockets: ") + why);
  };
  struct stat status {};
  if (fd_ < 0 || (fresh && ftruncate(fd_, sizeof(KeptPage)) != 0)) fail("no shared memory");
  // A file that is too short would end this process at the first access.
  if (fstat(fd_, &status) != 0 || status.st_size < static_cast<off_t>(sizeof(KeptPage))) fail("the shared page is cut");
  void* memory = mmap(nullptr, sizeof(KeptPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (memory == MAP_FAILED) fail("the shared page cannot be mapped");
  page_ = fresh ? new (memory) KeptPage : static_cast<KeptPage*>(memory);
  if (page_->magic == KeptPage::kMagic) return;
  munmap(memory, sizeof(KeptPage));
  fail("the shared page is of another version: end vturn-keeper, then click Connect in RHX");
}

SharedPage::~SharedPage() {
  munmap(page_, sizeof(KeptPage));
  close(fd_);
}

}  // namespace vturn::plugins
