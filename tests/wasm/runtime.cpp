// Tests the other parts of wasm/runtime and wasm/include. The exit status is 1 if one is wrong.
// The file tests/wasm/given.txt is in the program.
// (wasi.test.mjs).
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>

extern "C" double __real_fma(double, double, double);  // wasi-libc's

namespace {

namespace fs = std::filesystem;

constexpr const char* kGiven = "/tests/wasm/given.txt";

int faults = 0;

void expect(bool ok, const std::string& what) {
  if (ok) return;
  std::printf("wrong: %s\n", what.c_str());
  ++faults;
}

void test_reading() {
  std::ifstream file(kGiven);
  std::string first;
  std::string second;
  std::string third;
  expect(static_cast<bool>(file >> first >> second) && !(file >> third), "two words");
  expect(first == "one" && second == "two", "the words of the file");
  expect(fs::exists(kGiven) && fs::is_regular_file(kGiven + 1), "it is a file");
  expect(fs::is_directory("/tests/wasm") && !fs::exists("/tests/was"), "its folder");
  expect(fs::file_size(kGiven) == 8, "its size");
  std::FILE* const again = std::fopen(kGiven, "rb");
  char word[4] = {};
  const bool read = again && std::fseek(again, 4, SEEK_SET) == 0 && std::fread(word, 3, 1, again);
  expect(read && std::string(word) == "two", "seeking");
  expect(again && std::fseek(again, -1, SEEK_SET) != 0, "seeking before the start fails");
  if (again) std::fclose(again);
}

void test_missing_files() {
  expect(!std::ifstream("/tests/wasm/none.txt").good(), "a missing file does not open");
  std::error_code error;
  const auto size = fs::file_size("/tests/wasm/none.txt", error);
  expect(size == static_cast<uintmax_t>(-1) && error == std::errc::no_such_file_or_directory,
         "a missing file has no size");
  try {
    expect(fs::file_size("/tests/wasm/none.txt") == 0, "file_size throws");
    expect(false, "it returned");
  } catch (const fs::filesystem_error& e) {
    expect(e.path1() == "/tests/wasm/none.txt", "the error names the file");
    expect(std::string(e.what()).find("none.txt") != std::string::npos, "and says so");
  }
}

void test_writing() {
  expect(!std::ofstream("/tests/wasm/new.txt").good(), "files are read-only");
  expect(errno == EROFS, "and the error says so");
  std::error_code error;
  fs::rename(kGiven, "/tests/wasm/other.txt", error);
  expect(error == std::errc::read_only_file_system, "nothing is renamed");
  expect(!fs::create_directories("/new", error) && error, "no folder is made");
  expect(!fs::remove(kGiven, error) && error, "nothing is removed");
}

void test_paths() {
  const fs::path p("/a/b.c/d.tar.gz");
  expect(p.filename() == "d.tar.gz" && p.extension() == ".gz" && p.stem() == "d.tar", "names");
  expect(p.parent_path() == "/a/b.c" && p.parent_path().parent_path() == "/a", "folders");
  expect(fs::path("/a").parent_path() == "/" && fs::path("a").parent_path().empty(), "the root");
  expect(fs::path(".hidden").extension().empty() && fs::path("..").extension().empty(), "dots");
  expect(fs::path("a") / "b" == "a/b" && fs::path("a") / "/b" == "/b", "joined paths");
  expect(fs::absolute("a/b") == "/a/b" && fs::absolute("/a") == "/a", "the folder of a program");
  expect(fs::path("/a").is_absolute() && fs::path("a").is_relative(), "absolute");
}

/// Positive and negative numbers of every size, and many that have only a few bits.
double any_number(uint64_t& state) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  const uint64_t mixed = state ^ state >> 29;
  const double x = std::bit_cast<double>(mixed);
  switch (mixed & 7) {
    case 0:
      return static_cast<double>(static_cast<int64_t>(mixed) >> 40);
    case 1:
      return std::ldexp(1.0, static_cast<int>(mixed >> 32 & 127) - 64);
    case 2:
      return static_cast<double>(static_cast<float>(std::sin(x)));
    case 3:
      return x;
    default:
      return std::sin(static_cast<double>(mixed >> 11));
  }
}

void test_fma() {
  uint64_t state = 1;
  int different = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const double a = any_number(state);
    const double b = any_number(state);
    const double c = i % 4 == 0 ? -a * b : any_number(state);
    const double ours = std::fma(a, b, c);
    const double theirs = __real_fma(a, b, c);
    const bool same = std::bit_cast<uint64_t>(ours) == std::bit_cast<uint64_t>(theirs);
    if (!same && !(std::isnan(ours) && std::isnan(theirs))) ++different;
  }
  expect(different == 0, std::to_string(different) + " of 1,000,000 results of fma");
}

void test_memory() {
  constexpr size_t kBytes = 100'000;
  const auto map = [](size_t bytes, int flags) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  };
  char* const first = static_cast<char*>(map(kBytes, MAP_PRIVATE | MAP_ANONYMOUS));
  char* const second = static_cast<char*>(map(kBytes, MAP_PRIVATE | MAP_ANONYMOUS));
  expect(first != MAP_FAILED && second >= first + kBytes, "two parts of memory");
  expect(first[0] == 0 && first[kBytes - 1] == 0, "they are zeros");
  first[kBytes - 1] = 1;
  expect(second[0] == 0 && munmap(first, kBytes) == 0, "they do not overlap");
  expect(map(0xFFFF'0000u, MAP_PRIVATE | MAP_ANONYMOUS) == MAP_FAILED, "4 GB are too many");
  expect(map(kBytes, MAP_PRIVATE) == MAP_FAILED && errno == ENODEV, "files are not mapped");
}

void test_threads() {
  std::mutex mutex;
  const std::lock_guard lock(mutex);
  bool refused = false;
  try {
    std::thread thread([] {});
  } catch (const std::system_error& e) {
    refused = std::string(e.what()).find("one thread") != std::string::npos;
  }
  expect(refused, "a thread cannot be started, and the error says why");
  int calls = 0;
  auto later = std::async(std::launch::async, [&] { return ++calls; });
  expect(calls == 0 && later.get() == 1 && calls == 1, "async runs when the result is asked for");
  expect(pthread_atfork(nullptr, nullptr, nullptr) == 0, "there is no fork");
}

void test_terminal() {
  termios settings;
  winsize size;
  expect(isatty(0) == 0 && isatty(1) == 0 && isatty(2) == 0, "there is no terminal");
  expect(tcgetattr(0, &settings) != 0 && ioctl(1, TIOCGWINSZ, &size) != 0, "nor its size");
  expect(std::getchar() == EOF, "stdin is empty");
}

}  // namespace

int main() {
  test_reading();
  test_missing_files();
  test_writing();
  test_paths();
  test_fma();
  test_memory();
  test_threads();
  test_terminal();
  if (faults == 0) std::puts("the runtime works");
  return faults == 0 ? 0 : 1;
}
