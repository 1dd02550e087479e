// What the programs of the pages to play with share: options, excerpts of sources, places of
// faults.
#include <gtest/gtest.h>

#include "page/play/kit/fault.h"
#include "page/play/kit/program.h"
#include "page/play/kit/source.h"
#include "tests/temporary.h"

namespace gradus::page {
namespace {

ProgramOptions read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "play_test");
  return read_options(static_cast<int>(arguments.size()), arguments.data(), {{"--code", "x"}});
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PlayProgram, ReadsItsOptions) {
  const ProgramOptions options =
      read({"--json", "--code", "--y", "--page", "a.html", "--wasm", "b.wasm"});
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.flags.at("--code"), "--y");
  EXPECT_EQ(options.page, "a.html");
  EXPECT_EQ(options.wasm, "b.wasm");
  EXPECT_EQ(read({"--json"}).flags.at("--code"), "x");
}

TEST(PlayProgram, WrongOptionsAreSentences) {
  EXPECT_EQ(message_of([] {
              read({"--json", "--colour", "red"});
            }),
            "unknown option '--colour'; known are --json, --page FILE, --wasm FILE, --code VALUE");
  EXPECT_EQ(message_of([] { read({"--json", "--code"}); }), "--code needs a value");
  EXPECT_EQ(message_of([] { read({}); }), "--page FILE writes the page, --json prints its report");
  const Flags flags = {{"--n", "12"}, {"--m", "1x"}, {"--k", "99999999999999999999"}};
  EXPECT_EQ(integer_flag(flags, "--n", 0, 12), 12);
  EXPECT_EQ(message_of([&] { integer_flag(flags, "--n", 0, 11); }),
            "--n: expected an integer from 0 to 11, got '12'");
  EXPECT_EQ(message_of([&] { integer_flag(flags, "--m", 0, 11); }),
            "--m: expected an integer from 0 to 11, got '1x'");
  EXPECT_NE(message_of([&] { integer_flag(flags, "--k", 0, 11); }), "");
}

TEST(PlayProgram, WritesThePageOrSaysWhyNot) {
  const auto run = [](const std::string& file) {
    const char* arguments[] = {"play_test", "--page", file.c_str()};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = play(3, arguments, {}, [](const Flags&) {
      return Report({.id = "test", .title = "A page", .lede = "Look."});
    });
    const std::string out = testing::internal::GetCapturedStdout();
    return std::tuple(status, out, testing::internal::GetCapturedStderr());
  };
  const std::string file = temporary_path("play_program.html");
  EXPECT_EQ(run(file), std::tuple(0, file + "\n", std::string()));
  const auto [status, out, err] = run("/no/such/folder/page.html");
  EXPECT_EQ(status, 1);
  EXPECT_EQ(out, "");
  EXPECT_NE(err.find("/no/such/folder/page.html"), std::string::npos) << err;
}

TEST(PlayProgram, AnExcerptIsADefinitionWithItsComment) {
  const Excerpt view = excerpt("autograd/views.cpp", "Tensor record_reshape(");
  EXPECT_TRUE(view.text.starts_with("/// x's elements in the same order")) << view.text;
  EXPECT_TRUE(view.text.ends_with("}\n")) << view.text;
  EXPECT_GT(view.first_line, 10);
  EXPECT_EQ(message_of([] { excerpt("autograd/views.cpp", "Tensor nothing("); }),
            "excerpt: autograd/views.cpp has no line that begins with 'Tensor nothing('");
  EXPECT_EQ(message_of([] { excerpt("no/file.cpp", "x"); }),
            "excerpt: 'no/file.cpp' is not among the embedded sources");
}

TEST(PlayProgram, AFaultIsPlacedInCharacters) {
  const Json fault = fault_json("x×y", ExpressionError("wrong", {1, 3}));  // × has two bytes
  EXPECT_EQ(fault.at("first"), 1);
  EXPECT_EQ(fault.at("last"), 2);
  EXPECT_EQ(fault.at("where"), "column 2");
  EXPECT_EQ(fault.at("message"), "wrong");
}

}  // namespace
}  // namespace gradus::page
