// A host that uses device memory rightly, or does not: touch copy | beyond | freed | touch
#include <stdio.h>
#include <string.h>

#include "runtime.h"

int main(int, char** arguments) {
  const char* what = arguments[1];
  char* device = nullptr;
  char up[1024], down[1024] = "";
  snprintf(up, sizeof(up), "came back");
  if (cudaMalloc(reinterpret_cast<void**>(&device), sizeof(up)) != fake::kSuccess) return 1;
  if (strcmp(what, "touch") == 0) return device[0];
  const size_t beyond = strcmp(what, "beyond") == 0 ? 1 : 0;
  if (strcmp(what, "freed") == 0 && cudaFree(device) != fake::kSuccess) return 1;
  if (cudaMemcpyAsync(device + beyond, up, sizeof(up), fake::kDefault, nullptr) != fake::kSuccess) {
    puts("refused");
    return 0;
  }
  if (cudaMemcpyAsync(down, device, sizeof(down), fake::kDefault, nullptr) != fake::kSuccess)
    return 1;
  puts(down);
  return 0;
}
