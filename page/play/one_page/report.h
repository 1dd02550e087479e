// The page "A GPT on one page".
#pragma once
#include "page/report.h"

namespace gradus::page::one_page {

struct PageOptions {
  Words words = {};         // to learn from; none: 2,000 made-up ones
  std::string origin = {};  // where they come from, for the reader
  std::string shown = {};   // the word to look into; none: the first one that is short enough
  bool reruns = true;       // whether the page, which has no other files, can train again
  int64_t seed = 42;
  std::string source = {};  // the text of lessons/10_gpt_on_one_page.cpp
};

/// Trains on the words and reports what was computed. Throws if the words are too many or have too
/// many different letters for a page.
Report report_of(const PageOptions& options);

}  // namespace gradus::page::one_page
