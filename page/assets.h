// The files of the page's script, its style and its HTML, as texts in the library. embed.cmake
// writes their definitions.
#pragma once
#include <string_view>
#include <vector>

namespace gradus::page {

struct Asset {
  std::string_view name, text;  // such as "js/element.js"
};
/// In the order of page/CMakeLists.txt.
const std::vector<Asset>& scripts();
std::string_view stylesheet();
std::string_view html_template();
/// The licences of what a program contains (NOTICE.txt).
std::string_view notice();

}  // namespace gradus::page
