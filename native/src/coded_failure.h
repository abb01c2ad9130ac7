// An exception with an error code, and its conversion to an Error at a C interface.
#ifndef BPB_CODED_FAILURE_H_
#define BPB_CODED_FAILURE_H_

#include <stdexcept>
#include <string>

#include "error.h"

namespace bpb {

struct CodedFailure : std::runtime_error {
  CodedFailure(const char* code_, const std::string& message)
      : std::runtime_error(message), code(code_) {}
  explicit CodedFailure(const bpb_error& error) : CodedFailure(error.code, error.message) {}
  const char* code;  // a string literal
};

}  // namespace bpb

#endif  // BPB_CODED_FAILURE_H_
