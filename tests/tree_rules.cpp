// tree_rules ROOT: checks the rules about files and folders. Every fault is printed with its file
// and its rule.
//
//   folders    sources are only in the folders of the map (docs/structure.md)
//   file size  a file has at most 300 lines of code, a test 400; comments and blank lines are free
//   columns    a line has at most 100 columns
//   includes   go one way: exercises, page/play -> lessons -> page -> gpt -> distributed -> text,
//              check, terminal -> nn -> autograd -> tensor -> tensor/kernels; a quoted path starts
//              at the root of the tree
//   test files a test writes its files to the folder of tests/temporary.h, which no other process
//   has
//
// clang-tidy checks the rules inside a file (.clang-tidy): the size of functions, one declaration a
// statement.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int kMaxLines = 300;
constexpr int kMaxTestLines = 400;
constexpr int kMaxColumns = 100;

/// A folder, or a file at the root, and its level: includes go to a lower level or stay in the same
/// place.
struct Place {
  std::string path;
  int level;
};
// A folder comes before the one that it is inside of.
const std::vector<Place> kPlaces = {
    {"tensor/kernels", 0}, {"tensor", 1},     {"autograd", 2},   {"nn", 3},
    {"check", 4},          {"text", 4},       {"terminal", 4},   {"gradus.h", 5},
    {"distributed", 6},    {"gpt", 7},        {"page/play", 10}, {"page", 8},
    {"lessons", 9},        {"exercises", 10}, {"tests", 11},     {"wasm", 0},
};

/// Every folder that may hold files, as a regular expression for its whole path.
const std::regex kKnownFolders(
    "tensor(/kernels(/simd|/bfloat16)?)?|autograd|nn|check|text|terminal|gpt|distributed"
    "|page(/js|/play(/kit|/memory|/backward|/matmul|/one_page|/bottleneck)?)?"
    "|lessons(/kit|/translation|/stages|/one_page|/words|/training|/answers|/machines|/golden)?"
    "|exercises(/grader|/(skeleton|[0-9][0-9]_[a-z0-9_]+)(/mutants)?)?"
    "|tests(/api|/bench|/distributed|/fuzz(/corpus(/[a-z]+)?)?|/nightly|/outside|/page"
    "|/torch_compat|/wasm)?"
    "|wasm(/runtime|/include(/sys)?)?|cmake|docs|\\.run");

// Build folders, a learner's answers, and packages of npm. Unknown folders whose name starts with a
// dot are skipped, too.
const std::vector<std::string> kIgnoredFolders = {"build", "my", "tests/page/node_modules"};

class TreeRules {
 public:
  explicit TreeRules(fs::path root) : root_(std::move(root)) {}

  /// Checks the whole tree and returns the number of faults.
  int check() {
    check_folder("");
    if (files_ == 0) fault(root_.string(), "folders", "no source file was found");
    if (faults_ == 0) std::printf("%d files keep the rules\n", files_);
    return faults_;
  }

 private:
  void fault(const std::string& where, const char* rule, const std::string& text) {
    std::fprintf(stderr, "%s: %s: %s\n", where.c_str(), rule, text.c_str());
    ++faults_;
  }

  void check_folder(const std::string& folder) {
    std::vector<fs::directory_entry> entries;
    for (const auto& entry : fs::directory_iterator(root_ / folder))
      entries.push_back(entry);
    std::sort(entries.begin(), entries.end());
    for (const auto& entry : entries) {
      const std::string name = entry.path().filename().string();
      const std::string path = folder.empty() ? name : folder + "/" + name;
      if (entry.is_directory())
        check_subfolder(path, name);
      else if (is_source(name))
        check_file(path);
    }
  }

  void check_subfolder(const std::string& path, const std::string& name) {
    const bool is_ignored = name.starts_with(".") ||
                            std::count(kIgnoredFolders.begin(), kIgnoredFolders.end(), path) > 0;
    if (std::regex_match(path, kKnownFolders))
      check_folder(path);
    else if (!is_ignored)
      fault(path, "folders",
            "the map does not have this folder (docs/structure.md, tests/tree_rules.cpp)");
  }

  static bool is_source(const std::string& name) {
    static const std::regex sources(
        R"(.*\.(h|cpp|cmake|def|py|awk|js|mjs|sh)|CMakeLists\.txt|run)");
    return std::regex_match(name, sources);
  }

  void check_file(const std::string& path) {
    ++files_;
    const Place* place = place_of(path);
    const bool is_cpp = path.ends_with(".h") || path.ends_with(".cpp");
    const bool has_slashes = is_cpp || path.ends_with("js");  // comments begin with //
    if (is_cpp && place == nullptr)
      fault(path, "folders", "a C++ file must be in a folder of the map");

    std::ifstream file(root_ / path);
    int number = 0;
    int lines_of_code = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      const std::string where = path + ":" + std::to_string(number);
      check_columns(where, line);
      if (!is_blank_or_comment(line, has_slashes)) ++lines_of_code;
      if (is_cpp && place != nullptr) check_include(where, *place, line);
      if (path.starts_with("tests/")) check_test_files(path, where, line);
    }

    const int limit = path.starts_with("tests/") ? kMaxTestLines : kMaxLines;
    if (lines_of_code > limit)
      fault(path, "file size",
            std::to_string(lines_of_code) + " lines of code; at most " + std::to_string(limit) +
                " are allowed, split the file by topic");
  }

  void check_columns(const std::string& where, const std::string& line) {
    // In UTF-8 all bytes of a character except the first have the form 10xxxxxx.
    const auto starts_character = [](unsigned char byte) { return (byte & 0xC0) != 0x80; };
    const auto columns = std::count_if(line.begin(), line.end(), starts_character);
    if (columns > kMaxColumns)
      fault(where, "columns",
            std::to_string(columns) + " columns; at most " + std::to_string(kMaxColumns) +
                " are allowed");
  }

  static bool is_blank_or_comment(const std::string& line, bool has_slashes) {
    const auto start = line.find_first_not_of(" \t\r");
    return start == std::string::npos ||
           line.compare(start, has_slashes ? 2 : 1, has_slashes ? "//" : "#") == 0;
  }

  void check_include(const std::string& where, const Place& from, const std::string& line) {
    static const std::regex include(R"re(\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
    std::smatch match;
    if (!std::regex_match(line, match, include)) return;
    const std::string path = match[2];
    const Place* to = place_of(path);
    const bool may_include_beside_it = from.path == "tests";
    if (to == nullptr) {
      if (match[1] == "\"" && !may_include_beside_it)
        fault(where, "includes", path + " is not a path from the root of the tree");
    } else if (to->level > from.level) {
      fault(where, "includes", path + " points up: " + from.path + " is below " + to->path);
    } else if (to->level == from.level && to->path != from.path) {
      fault(where, "includes", path + " points sideways: " + from.path + " is beside " + to->path);
    }
  }

  void check_test_files(const std::string& path, const std::string& where,
                        const std::string& line) {
    static const std::regex shared_folder(R"(\b(TempDir|temp_directory_path)\b)");
    const bool may = path == "tests/temporary.h" || path.starts_with("tests/tree_rules");
    if (!may && std::regex_search(line, shared_folder))
      fault(where, "test files",
            "a folder that other processes write to; use temporary_path of tests/temporary.h");
  }

  static const Place* place_of(const std::string& path) {
    for (const Place& place : kPlaces)
      if (path == place.path || path.starts_with(place.path + "/")) return &place;
    return nullptr;
  }

  fs::path root_;
  int files_ = 0;
  int faults_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tree_rules ROOT\n");
    return 2;
  }
  return TreeRules(argv[1]).check() == 0 ? 0 : 1;
}
