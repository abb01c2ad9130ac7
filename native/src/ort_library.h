// A loaded libonnxruntime: its function table, its version and the process-wide environment.
#ifndef BPB_ORT_LIBRARY_H_
#define BPB_ORT_LIBRARY_H_

#include <memory>
#include <stdexcept>
#include <string>

#include "ort_api.h"

namespace bpb::ort {

// Carries the runtime's own message.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Library {
 public:
  // The library at `path`, loaded on first use and then kept until the process ends: sessions of
  // several workers share it, and unloading it under running threads has no safe moment.
  // Throws Failure.
  static const Library& at(const std::string& path);

  // Calls table entry `F`. A non-null Status is released and thrown as Failure.
  template <class F, class... Args>
  auto call(Args... args) const {
    auto function = reinterpret_cast<typename F::Function>(const_cast<void*>(table_[F::slot]));
    if constexpr (std::is_same_v<decltype(function(args...)), Status*>) {
      check(function(args...));
    } else {
      return function(args...);
    }
  }

  const Env* env() const { return env_; }
  const std::string& path() const { return path_; }
  // Whether the library has the table of that version: slots beyond kApiVersion need asking.
  bool has_api(uint32_t version) const { return base_->get_api(version) != nullptr; }
  Allocator* allocator() const { return allocator_; }
  const std::string& version() const { return version_; }

 private:
  explicit Library(const std::string& path);
  void check(Status* status) const;

  std::string path_;
  const ApiBase* base_ = nullptr;
  const void* const* table_ = nullptr;
  const Env* env_ = nullptr;
  Allocator* allocator_ = nullptr;
  std::string version_;
};

// An owned runtime object; `Release` is its table entry.
template <class T, class Release>
class Owned {
 public:
  explicit Owned(const Library& library) : library_(&library) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { reset(); }

  T* get() const { return object_; }
  // For the out parameter of a Create function; what was held is released first.
  T** out() {
    reset();
    return &object_;
  }
  void reset() {
    if (object_ != nullptr) library_->call<Release>(object_);
    object_ = nullptr;
  }

 private:
  const Library* library_;
  T* object_ = nullptr;
};

}  // namespace bpb::ort

#endif  // BPB_ORT_LIBRARY_H_
