// A page that contains a program: what is in it besides the report.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "page/report.h"
#include "tensor/error.h"
#include "tests/temporary.h"

namespace gradus::page {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The page of an empty report, with this program if it is not empty.
std::string page_with(const std::string& program) {
  const std::string wasm = temporary_path("program.wasm.gz").string();
  const std::string html = temporary_path("page.html").string();
  std::ofstream(wasm, std::ios::binary) << program;
  const Report report({.id = "test", .title = "Test", .lede = ""});
  report.write(html, program.empty() ? "" : wasm);
  return content(html);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PageProgram, HasTheLicencesOfWhatItContains) {
  const std::string page = page_with("\x1f\x8b gzip");
  EXPECT_TRUE(has(page, "<details><summary>Licences of the program in this page</summary>"));
  for (const char* part :
       {"Victor Zverovich", "Niels Lohmann", "wasi-libc contributors", "Rich Felker",
        "LLVM Project", "University of Cincinnati", "Permission is hereby granted, free of charge",
        "Redistribution and use in source and binary forms"})
    EXPECT_TRUE(has(page, part)) << part;
}

TEST(PageProgram, IsLeftOutOfAPageThatWouldBeTooLarge) {
  const std::string page = page_with("\x1f\x8b" + std::string(900'000, 'x'));
  EXPECT_FALSE(has(page, "id=\"program\""));
  EXPECT_TRUE(has(page, "\"without_program\":true"));
  EXPECT_FALSE(has(page_with("\x1f\x8b gzip"), "\"without_program\":true"));
}

TEST(PageProgram, HasTheScriptsThatRunIt) {
  const std::string page = page_with("\x1f\x8b gzip");
  EXPECT_TRUE(has(page, "<script type=\"text/plain\" id=\"program\">H4sgZ3ppcA==</script>"));
  EXPECT_TRUE(has(page, "class WasiProgram"));
  EXPECT_TRUE(has(page, "function installRunner"));
}

TEST(PageProgram, HasTheArgumentsOfEveryRun) {
  Report report({.id = "test", .title = "Test", .lede = ""});
  report.run_box({{.flag = "--seed", .label = "seed", .kind = "number", .value = "1"}},
                 {"--quick"});
  EXPECT_TRUE(has(report.json(), "\"arguments\":[\"--quick\"]"));
}

TEST(PageProgram, APageWithoutOneHasNeither) {
  const std::string page = page_with("");
  for (const char* part : {"<aside", "WasiProgram", "installRunner(page) {", "id=\"program\""})
    EXPECT_FALSE(has(page, part)) << part;
}

TEST(PageProgram, IsCompressed) {
  try {
    page_with(std::string("\0asm", 4));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_TRUE(has(e.what(), "program.wasm.gz: it is not a program that was compressed by gzip"));
  }
}

}  // namespace
}  // namespace gradus::page
