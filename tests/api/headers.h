// Reads what a header declares: the names that a program can use, and their comments.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::api {

/// A name that a program can use. Overloads are one declaration each.
struct Declaration {
  std::string name;   // "softmax", "nn::Linear", "Tensor::view"
  std::string call;   // "softmax(x, dim, dtype = {})"; without brackets if it is no function
  std::string about;  // the first sentence of its comment, may be empty
};

/// The public declarations of a header of this repository: those in namespace gradus and the
/// public members of classes. The header is formatted by clang-format, so a declaration begins at
/// the first column, that of a member at the third. Functions are listed once for each overload,
/// constructors under the name of their class. Throws Error where a line is not understood.
std::vector<Declaration> declarations(const std::filesystem::path& header);

/// The headers that `header` includes, directly or not, and itself: paths below `root`.
std::vector<std::string> included_headers(const std::filesystem::path& root,
                                          const std::string& header);

}  // namespace gradus::api
