// All file formats: bad paths, a full disk, randomly damaged files, models from elsewhere.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "tests/files_support.h"

namespace gradus::files_test {
namespace {
namespace fs = std::filesystem;
using namespace std::string_literals;

TEST_F(Files, APathIsPrintedWithoutControlCharacters) {
  const std::string shown =
      R"(no\x0asuch\x1b[2Jfile\x7f: it cannot be opened: No such file or directory)";
  EXPECT_EQ(error_of([] { load_npy("no\nsuch\x1b[2Jfile\x7f"); }), "load_npy: " + shown);
  EXPECT_EQ(error_of([] { load_safetensors("no\nsuch\x1b[2Jfile\x7f"); }),
            "load_safetensors: " + shown);
}

TEST_F(Files, PathsThatAreNotFiles) {
  const auto load_error = [](const std::string& where) {
    return error_of([&] { load_safetensors(where); });
  };
  const auto save_error = [](const std::string& where) {
    return error_of([&] { save_npy(where, counted({1}, kFloat32)); });
  };
  const std::string load = "load_safetensors: ";
  const std::string save = "save_npy: ";
  const std::string nowhere = path("none/x");
  EXPECT_EQ(load_error(path("x")),
            load + path("x") + ": it cannot be opened: No such file or directory");
  EXPECT_EQ(load_error(""), load + ": it cannot be opened: No such file or directory");
  EXPECT_EQ(load_error(folder_), load + folder_.string() + ": it is a directory");
  EXPECT_EQ(load_error("/dev/zero"), load + "/dev/zero: it is not a regular file");
  EXPECT_EQ(load_error("a\0b"s), load + "a path has no zero bytes");
  EXPECT_EQ(save_error(folder_), save + folder_.string() + ": it is a directory");
  EXPECT_EQ(save_error("/dev/null"), save + "/dev/null: it is not a regular file");
  EXPECT_EQ(save_error(nowhere),
            save + nowhere + ": it cannot be written: No such file or directory");
  EXPECT_EQ(error_of([&] { save_npy(path("x"), Tensor()); }),
            save + path("x") + ": the tensor is undefined, it was never given a value");
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(load_error(path("pipe")), load + path("pipe") + ": it is not a regular file");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  const Tensor old = counted({3}, kFloat32);
  save_npy(path("x"), old);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10'000, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] { save_npy(path("x"), counted({100'000}, kFloat32)); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error, "save_npy: " + path("x") + ": it cannot be written: File too large");
  EXPECT_TRUE(same(load_npy(path("x")), old));
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(Files, ReplacingAFileKeepsItsLinkAndItsPermissions) {
  put("old", "anything");
  fs::permissions(path("old"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("old", path("link"));
  save_npy(path("link"), counted({3}, kFloat32));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(fs::status(path("old")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(same(load_npy(path("old")), counted({3}, kFloat32)));
  EXPECT_EQ(files_in_folder(), 2u);
}

TEST_F(Files, DamagedFilesEndInAValueOrAnError) {
  const NamedTensors tensors = {
      {"w", counted({2, 3}, kFloat32)}, {"d", counted({2}, kFloat64)}, {"m", counted({5}, kBool)}};
  save_safetensors(path("base"), tensors, {{"format", "pt"}});
  save_npy(path("base.npy"), counted({2, 3}, kBool));
  const std::string column_major =
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", "12345678", 2);
  std::mt19937 random(1);
  const auto below = [&](size_t n) { return random() % n; };
  int values = 0;
  int errors = 0;
  for (const std::string& base : {bytes_of("base"), bytes_of("base.npy"), column_major}) {
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = base;
      for (size_t changes = 1 + below(3); changes-- > 0 && !bytes.empty();) {
        const size_t at = below(bytes.size());
        switch (below(5)) {
          case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
            break;
          case 1:
            bytes[at] = "0123456789{}[](),:'\"\\ -.eEF\xFF"[below(28)];
            break;
          case 2:
            bytes.insert(at, bytes.substr(below(bytes.size()), below(20)));
            break;
          case 3:
            bytes.erase(at, below(20));
            break;
          default:
            bytes.resize(below(4) == 0 ? at : bytes.size());
            break;
        }
      }
      put("x", bytes);
      try {
        const bool npy_file = base[0] == '\x93';
        const NamedTensors read =
            npy_file ? NamedTensors{{"x", load_npy(path("x"))}} : load_safetensors(path("x"));
        for (const auto& [name, x] : read)
          EXPECT_NE(to_string(x), "");  // reads the elements
        ++values;
      } catch (const Error&) {
        ++errors;
      }
    }
  }
  EXPECT_EQ(values + errors, 6000);
  EXPECT_GT(values, 300);
  EXPECT_GT(errors, 3000);
}

TEST_F(Files, ModelsTrainedElsewhere) {
  const char* given = std::getenv("GRADUS_DATA");
  const fs::path data = given != nullptr ? given : GRADUS_SOURCE_DIR "/../shared/data";
  if (!fs::is_directory(data)) GTEST_SKIP() << "no folder with models: set GRADUS_DATA to one";
  int models = 0;
  for (const auto& folder : fs::directory_iterator(data)) {
    const fs::path model = folder.path() / "model.safetensors";
    if (!fs::exists(model)) continue;
    ++models;
    const NamedTensors tensors = load_safetensors(model);
    ASSERT_FALSE(tensors.empty()) << model;
    save_safetensors(path("copy"), tensors);
    const NamedTensors back = load_safetensors(path("copy"));
    ASSERT_EQ(back.size(), tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto& [name, x] = tensors[i];
      EXPECT_EQ(back[i].first, name);
      EXPECT_TRUE(same(back[i].second, x)) << model << " " << name;
      if (name == "transformer.h.0.attn.c_attn.weight") {
        EXPECT_EQ(x.size(1), 3 * x.size(0)) << model;
      }
      if (x.dtype() != kFloat32) continue;
      const float* values = x.data<float>();
      EXPECT_TRUE(
          std::all_of(values, values + x.numel(), [](float v) { return std::abs(v) < 100; }))
          << model << name;
    }
  }
  if (models == 0) GTEST_SKIP() << "no */model.safetensors in " << data;
}

}  // namespace
}  // namespace gradus::files_test
