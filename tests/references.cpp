// references ROOT: every lesson, exercise, file, section and command that a text names must exist.
// Texts are all Markdown files, sources and scripts. Every fault is printed with its line.
//
//   lesson, exercise   "lesson 4", "lessons 02, 03 and 09", "exercise 06"
//                      exercise `softmax`, ./run exercise softmax
//   ladder             Every exercise "Follows lesson 04" or another one, which is the only lesson
//                      with its name in .exercises; the numbers of the exercises are in the order
//                      of the lessons, and an exercise follows only exercises before it.
//   file               a path that starts with a folder of the root and ends with a known suffix
//   link               [text](file#section) in a Markdown file
//   section            the README's "Limits"
//   command            ./run doctor
//
// Tests may name lessons, exercises and commands that do not exist, and the parts of ./run say what
// it does.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// These have references to files that do not exist on purpose.
const std::regex kExamples(
    R"((tests/(references|tree_rules|extending).*|tests/[a-z_]*_test\.cpp))");
const std::regex kTexts(
    R"(.*\.(md|h|cpp|cmake|txt|py|awk|yml|sh)|(.*/)?run|\.ci/lint|\.clang-tidy)");

const std::sregex_iterator kNoMore;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All matches of a group of the pattern.
Words matches(const std::string& text, const std::regex& pattern, int group = 1) {
  Words found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern); it != kNoMore; ++it)
    found.push_back((*it)[static_cast<size_t>(group)]);
  return found;
}

/// The name of a heading in a link: "Rules about size" is rules-about-size.
std::string anchor(const std::string& heading) {
  std::string name;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ')
      name += '-';
    else if (std::isalnum(byte) || c == '-' || c == '_')
      name += static_cast<char>(std::tolower(byte));
  }
  return name;
}

Words headings(const fs::path& page) {
  static const std::regex heading(R"((?:^|\n)#+ ([^\n]*))");
  return matches(read(page), heading);
}

class References {
 public:
  explicit References(const fs::path& root) : root_(root) {
    static const std::regex number("([0-9][0-9])_.*");
    for (const std::string kind : {"lesson ", "exercise "})
      for (const auto& entry :
           fs::directory_iterator(root / (kind == "lesson " ? "lessons" : "exercises"))) {
        const std::string name = entry.path().stem().string();
        if (!std::regex_match(name, number)) continue;
        numbered_.insert(kind + name.substr(0, 2));
        if (kind == "exercise ") exercises_[name.substr(3)] = name;
      }
    for (const auto& entry : fs::directory_iterator(root))
      if (entry.is_directory()) folders_.insert(entry.path().filename().string());
    static const std::regex command(R"(\n\./run ([a-z]+))");
    for (const std::string& name : matches(read(root / "run"), command))
      commands_.insert(name);
  }

  /// Checks all texts and returns the number of faults.
  int check() {
    const Words skipped = {"build", "my", ".git", "tests/page/node_modules"};
    const fs::recursive_directory_iterator end;
    for (fs::recursive_directory_iterator it(root_); it != end; ++it) {
      const std::string path = fs::relative(it->path(), root_).string();
      if (it->is_directory() && std::count(skipped.begin(), skipped.end(), path) > 0)
        it.disable_recursion_pending();
      if (it->is_regular_file() && std::regex_match(path, kTexts)) check_text(path);
    }
    check_ladder();
    if (references_ == 0) fault("no text with a reference was found");
    if (faults_ == 0) std::printf("%d references\n", references_);
    return faults_;
  }

 private:
  void fault(const std::string& text) {
    std::fprintf(stderr, "%s:%d: %s\n", path_.c_str(), line_, text.c_str());
    ++faults_;
  }
  void require(bool exists, const std::string& what) {
    ++references_;
    if (!exists) fault("there is no " + what);
  }

  void check_text(const std::string& path) {
    path_ = path;
    line_ = 0;
    if (std::regex_match(path, kExamples)) return;
    const std::string text = read(root_ / path);
    static const std::regex example("<!-- in ([^ ]+)");  // docs/extending.md adds this file
    const Words added = matches(text, example);
    added_ = {added.begin(), added.end()};
    static const std::regex line("([^\n]*)\n");
    for (const std::string& words : matches(text, line)) {
      ++line_;
      check_files(words);
      if (!path.starts_with("tests/") && !path.starts_with(".run/")) {
        check_numbers(words);
        check_exercise_names(words);
        check_commands(words);
      }
      if (path.ends_with(".md")) check_links(words);
    }
    check_about(text);
  }

  void check_numbers(const std::string& text) {
    static const std::regex several(R"(\b([Ll]esson|[Ee]xercise)s? ([0-9][0-9, ]*(and [0-9]+)?))"
                                    R"((?!\.?[0-9]))");
    static const std::regex one("[0-9]+");
    for (std::sregex_iterator it(text.begin(), text.end(), several); it != kNoMore; ++it) {
      const std::string kind = std::tolower((*it)[1].str()[0]) == 'l' ? "lesson " : "exercise ";
      for (const std::string& number : matches((*it)[2], one, 0)) {
        const std::string two_digits = number.size() == 1 ? "0" + number : number;
        require(numbered_.contains(kind + two_digits), kind + number);
      }
    }
  }

  void check_exercise_names(const std::string& text) {
    static const std::regex form(
        R"(\./run exercise ([a-z_]+)(?=[`"':,.]|$| +#)|[Ee]xercise `([a-z_]+)`)");
    static const std::set<std::string> others = {"list",   "new",    "reset",
                                                 "verify", "timing", "class"};
    for (std::sregex_iterator it(text.begin(), text.end(), form); it != kNoMore; ++it) {
      const bool is_command = (*it)[1].matched;
      const std::string name = is_command ? (*it)[1] : (*it)[2];
      if (is_command && (others.contains(name) || name == "my_layer")) continue;  // to be made
      require(exercises_.contains(name), "exercise " + name);
    }
  }

  void check_files(const std::string& text) {
    static const std::regex file_path(R"((?:^|[^\w./*}<>-])((?:\.?[a-z0-9_]+/)+[\w.]+)"
                                      R"(\.(?:h|cpp|md|cmake|txt|tsv|awk|def|svg|py|yml|sh))\b)");
    for (const std::string& name : matches(text, file_path)) {
      const std::string first = name.substr(0, name.find('/'));
      const bool ours = folders_.contains(first) && first != "build" && first != "my";
      // exercises/build.txt is in the build folder
      const bool is_pattern = name.find("NN_") != std::string::npos ||
                              name.find("/name.") != std::string::npos ||
                              name == "tests/topic_test.cpp" || name == "exercises/build.txt";
      if (!ours || is_pattern || added_.contains(name)) continue;
      require(fs::exists(root_ / name), "file " + name);
    }
  }

  void check_commands(const std::string& text) {
    static const std::regex command(R"(\./run ([a-z]+)\b)");
    for (const std::string& name : matches(text, command))
      require(commands_.contains(name), "command ./run " + name);
    static const std::regex section("(?:the |^)README's \"([^\"]+)\"");
    for (const std::string& name : matches(text, section)) {
      const Words all = headings(root_ / "README.md");
      require(std::count(all.begin(), all.end(), name) > 0,
              "section \"" + name + "\" in README.md");
    }
  }

  void check_links(const std::string& text) {
    static const std::regex link(R"(\]\(([^)#: ]*)(?:#([^)]*))?\))");
    for (std::sregex_iterator it(text.begin(), text.end(), link); it != kNoMore; ++it) {
      const std::string file = (*it)[1];
      const fs::path page = file.empty() ? root_ / path_ : (root_ / path_).parent_path() / file;
      require(fs::exists(page), "file " + file);
      if (!(*it)[2].matched) continue;
      const Words all = headings(page);
      require(std::any_of(all.begin(), all.end(),
                          [&](const std::string& name) { return anchor(name) == (*it)[2]; }),
              "section #" + (*it)[2].str() + " in " + file);
    }
  }

  void check_about(const std::string& text) {
    static const std::regex list(R"(\.exercises = \{([^}]*)\})");
    static const std::regex name("\"([^\"]*)\"");
    if (!path_.starts_with("lessons/")) return;
    const std::string lesson = fs::path(path_).filename().string().substr(0, 2);
    for (const std::string& names : matches(text, list))
      for (const std::string& exercise : matches(names, name)) {
        require(exercises_.contains(exercise), "exercise " + exercise);
        listed_.insert({lesson, exercise});
      }
  }

  /// The lesson and the exercises in "**Follows** lesson 04 (weights) and exercise `softmax`."
  struct Follows {
    std::string lesson;
    Words exercises;
  };
  static Follows follows(const std::string& page) {
    static const std::regex sentence(R"(\*\*Follows\*\* lesson ([0-9][0-9])([^*]*))");
    static const std::regex name("`([a-z_]+)`");
    std::smatch found;
    if (!std::regex_search(page, found, sentence)) return {};
    return {found[1], matches(found[2], name)};
  }

  void check_ladder() {
    std::map<std::string, std::string> folders;  // in the order of the numbers
    for (const auto& [name, folder] : exercises_)
      folders[folder] = name;
    std::string last;
    for (const auto& [folder, name] : folders) {
      path_ = "exercises/" + folder + "/README.md";
      line_ = 0;
      const Follows after = follows(read(root_ / path_));
      ++references_;
      if (after.lesson.empty()) {
        fault("the line **Follows** lesson NN is missing");
        continue;
      }
      require(listed_.contains({after.lesson, name}),
              "'" + name + "' in .exercises of lesson " + after.lesson);
      for (const auto& [lesson, exercise] : listed_)
        if (exercise == name && lesson != after.lesson)
          fault("lesson " + lesson + " names it, too");
      if (after.lesson < last)
        fault("it follows lesson " + after.lesson + ", the exercise before it lesson " + last);
      last = after.lesson;
      for (const std::string& earlier : after.exercises)
        if (!exercises_.contains(earlier) || exercises_[earlier] >= folder)
          fault("it follows exercise " + earlier + ", which is not before it");
    }
  }

  fs::path root_;
  std::set<std::string> numbered_;                // "lesson 04", "exercise 12"
  std::map<std::string, std::string> exercises_;  // "softmax": "04_softmax"
  std::set<std::string> folders_;
  std::set<std::string> commands_;
  std::set<std::string> added_;                           // the files that docs/extending.md adds
  std::set<std::pair<std::string, std::string>> listed_;  // "04", "softmax": of a lesson's list
  std::string path_;
  int line_ = 0;
  int references_ = 0;
  int faults_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: references ROOT\n");
    return 2;
  }
  return References(argv[1]).check() == 0 ? 0 : 1;
}
