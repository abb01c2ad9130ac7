// Allocation of a state's tensors in the memory of a session's provider.
#include "state_memory.h"

#include <string.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tensors.h"

using namespace bpb::ort;

namespace bpb {

namespace {

// `rows` times the initial values of one document.
std::vector<char> host_rows(const SlotLayout& layout, size_t rows) {
  std::vector<char> all(rows * layout.bytes);
  if (layout.init.empty()) return all;
  for (size_t row = 0; row < rows; row++) {
    memcpy(all.data() + row * layout.bytes, layout.init.data(), layout.bytes);
  }
  return all;
}

// The same in device memory; the upload and what doubles it there are only queued.
struct DeviceRows {
  DeviceRows(std::shared_ptr<Provider> owner, const SlotLayout& layout, size_t rows)
      : provider(std::move(owner)),
        one(*provider->device(), true),
        all(*provider->device(), false) {
    CudaDevice& device = *provider->device();
    one.reserve(layout.bytes);
    all.reserve(rows * layout.bytes);
    const std::vector<char> row = host_rows(layout, 1);
    memcpy(one.data(), row.data(), row.size());
    device.upload(all.data(), one.data(), layout.bytes);
    for (size_t done = 1; done < rows;) {
      const size_t more = std::min(done, rows - done);
      device.copy(all.data() + done * layout.bytes, all.data(), more * layout.bytes);
      done += more;
    }
  }
  std::shared_ptr<Provider> provider;
  CudaMemory one, all;  // pinned, device
};

}  // namespace

const SharedValue& StateMemory::ready(State& state, size_t slot) {
  StateValue& at = state.at(slot);
  const SlotLayout& layout = state.layout()[slot];
  if (at.value == nullptr) {
    at = {initial(layout, state.rows()), state.rows()};
  } else if (at.rows != state.rows()) {
    void* data = tensor_data(parts_.library, at.value.get());
    at = {view(data, at.value, layout, state.rows()), state.rows()};
  }
  return at.value;
}

SharedValue StateMemory::initial(const SlotLayout& layout, size_t rows) {
  if (parts_.provider->device() == nullptr) {
    auto memory = std::make_shared<std::vector<char>>(host_rows(layout, rows));
    return view(memory->data(), memory, layout, rows);
  }
  auto memory = std::make_shared<DeviceRows>(parts_.provider, layout, rows);
  return view(memory->all.data(), memory, layout, rows);
}

SharedValue StateMemory::view(void* data, std::shared_ptr<void> owner, const SlotLayout& layout,
                              size_t rows) {
  std::vector<int64_t> dims = {static_cast<int64_t>(rows)};
  dims.insert(dims.end(), layout.shape.begin(), layout.shape.end());
  Value* value = nullptr;
  create_tensor(parts_.library, parts_.memory, data, rows * layout.bytes, dims, layout.type,
                &value);
  return hold(value, std::move(owner));
}

SharedValue StateMemory::hold(Value* value, std::shared_ptr<void> owner) {
  const Library& library = parts_.library;  // never unloaded
  return SharedValue(value, [&library, owner = std::move(owner)](Value* held) {
    library.call<ReleaseValue>(held);
  });
}

}  // namespace bpb
