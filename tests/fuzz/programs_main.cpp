// random_programs: writes random programs and runs each in several ways that must agree.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "tests/fuzz/chooser.h"
#include "tests/fuzz/compare.h"
#include "tests/fuzz/explained.h"
#include "tests/fuzz/planted.h"
#include "tests/fuzz/shrink.h"

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace gradus::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp =
    R"(random_programs: writes random programs and runs each in several ways that must agree.

  --seed N        the first seed (default 1)
  --count N       how many seeds (default 1000)
  --seconds N     stops after so many seconds
  --corpus DIR    runs the programs of the folder first
  --findings DIR  writes every finding to a file there
  --run FILE      runs one program and prints the verdict
  --print SEED    prints the program of a seed
  --plant FAULT   for the test of this program: puts a faulty op of planted.cpp into the list of ops
                  and stops at the first finding

PyTorch takes part if the Python of GRADUS_PYTHON, or python3, has it. A finding is printed with its
seed and the shortest program that shows it; the exit status is then 1.
)";

std::string current_program;  // for the report of a crash

void print_current() { fmt::print(stderr, "\nthe program:\n{}\n", current_program); }

struct Arguments {
  uint64_t seed = 1;
  uint64_t count = 1000;
  double seconds = 1e9;
  std::string corpus, findings, file, fault;
  bool print = false;
};

class Session {
 public:
  explicit Session(const Arguments& arguments) : arguments_(arguments) {
    if (torch_.version().empty())
      fmt::print("random_programs: no PyTorch (GRADUS_PYTHON names a Python that has it)\n");
    else
      fmt::print("random_programs: with {}\n", torch_.version());
  }

  int run() {
    for (const fs::path& path : corpus())
      check_one(path.filename().string(), parse(text_of(path)));
    for (uint64_t i = 0; i < arguments_.count && !is_over(); ++i)
      check_one(fmt::format("seed {}", arguments_.seed + i), generate(arguments_.seed + i));
    for (const auto& [why, count] : explained_)
      fmt::print("{} programs differ from PyTorch: {}\n", count, why);
    fmt::print("{} programs change in place what backward needs: an Error\n", refused_);
    fmt::print("random_programs: {} programs, {} findings\n", programs_, findings_);
    return findings_ == 0 ? 0 : 1;
  }

  int run_file() {
    const Program program = parse(text_of(arguments_.file));
    const Verdict verdict = check_program(program, torch());
    fmt::print("{}: {}\n", verdict.kind == Verdict::differs ? verdict.variant : "no finding",
               verdict.message);
    return verdict.kind == Verdict::differs ? 1 : 0;
  }

 private:
  bool is_over() const {
    const bool found_fault = !arguments_.fault.empty() && findings_ > 0;
    return found_fault || seconds() >= arguments_.seconds;
  }

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  std::vector<fs::path> corpus() const {
    std::vector<fs::path> paths;
    if (!arguments_.corpus.empty())
      for (const auto& entry : fs::directory_iterator(arguments_.corpus))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    check(file.is_open(), "random_programs: cannot open {}", path.string());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TorchProcess* torch() { return torch_.version().empty() ? nullptr : &torch_; }

  void check_one(const std::string& name, const Program& program) {
    current_program = fmt::format("# {}\n{}", name, to_text(program));
    ++programs_;
    const Verdict verdict = check_program(program, torch());
    if (verdict.kind == Verdict::refused) ++refused_;
    if (verdict.kind == Verdict::differs) report(name, program, verdict);
  }

  static std::string names_of_ops(const Program& program) {
    std::set<std::string> names;
    for (const Call& call : program.calls)
      if (!is_leaf(call)) names.insert(call.op);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void report(const std::string& name, const Program& program, const Verdict& verdict) {
    const bool with_torch = verdict.variant.find("PyTorch") != std::string::npos;
    const Program shortest = shrink(program, [&](const Program& candidate) {
      const Verdict again = check_program(candidate, with_torch ? torch() : nullptr);
      return again.kind == Verdict::differs && again.variant == verdict.variant;
    });
    const Verdict last = check_program(shortest, with_torch ? torch() : nullptr);
    if (const std::string why = explanation(shortest, last); !why.empty()) {
      ++explained_[why];
      return;
    }
    ++findings_;
    const std::string text = fmt::format("# {}: {}, with {}\n# {}\n{}", name, last.variant,
                                         names_of_ops(shortest), last.message, to_text(shortest));
    fmt::print("{}\n", text);
    std::fflush(stdout);
    if (!arguments_.findings.empty()) {
      fs::create_directories(arguments_.findings);
      std::string file = name;
      std::replace(file.begin(), file.end(), ' ', '_');
      std::ofstream(fs::path(arguments_.findings) / ("program_" + file)) << text;
    }
  }

  Arguments arguments_;
  TorchProcess torch_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::map<std::string, int> explained_;  // how many programs have a known difference
  int programs_ = 0;
  int findings_ = 0;
  int refused_ = 0;
};

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    check(i + 1 < argc, "random_programs: {} needs a value", option);
    const std::string value = argv[i + 1];
    if (option == "--seed") {
      arguments.seed = std::stoull(value);
    } else if (option == "--count") {
      arguments.count = std::stoull(value);
    } else if (option == "--seconds") {
      arguments.seconds = std::stod(value);
    } else if (option == "--corpus") {
      arguments.corpus = value;
    } else if (option == "--findings") {
      arguments.findings = value;
    } else if (option == "--run") {
      arguments.file = value;
    } else if (option == "--plant") {
      arguments.fault = value;
    } else if (option == "--print") {
      arguments.seed = std::stoull(value);
      arguments.print = true;
    } else {
      fail("random_programs: there is no option {}", option);
    }
  }
  return arguments;
}

}  // namespace

int main_function(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--help") {
    std::cout << kHelp;
    return 0;
  }
  const Arguments arguments = parse_arguments(argc, argv);
  if (!arguments.fault.empty()) plant(arguments.fault);
  if (arguments.print) {
    std::cout << to_text(generate(arguments.seed));
    return 0;
  }
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(print_current);
  try {
    Session session(arguments);
    return arguments.file.empty() ? session.run() : session.run_file();
  } catch (const std::exception&) {
    print_current();
    throw;
  }
}

}  // namespace gradus::fuzz

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  try {
    return gradus::fuzz::main_function(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
