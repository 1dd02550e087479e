// What microgpt in Python computes, for the tests of lesson 10 and of its page.
#pragma once
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace gradus {

struct MicrogptGolden {
  std::map<int64_t, double> losses;  // of training steps, from 1
  std::vector<std::string> names;
};

/// For tests/microgpt_words.txt: the same algorithm in Python, with CPython's random and PyTorch's
/// gradients.
inline MicrogptGolden golden_of_13_words() {
  const std::string wang = "王芳";
  return {{{1, 3.5974502369803214},
           {2, 3.3794707526356986},
           {3, 3.449021099072379},
           {10, 3.6126207351845503},
           {50, 0.8094371515176423},
           {100, 0.8214005869328743},
           {250, 0.5372338313971946},
           {500, 0.24770551501310017},
           {750, 0.48527745459312516},
           {999, 0.39918665884603405},
           {1000, 0.6184633003973703}},
          {"x",  "x",     "d'arc", "x",   wang, wang,  "lu", "lu", "x", "lu",
           wang, "naïma", "x",     "bob", "x",  "zoë", "x",  wang, "x", "anna"}};
}

/// For karpathy/makemore's names: lessons/golden/microgpt.tsv, all 1,000 losses.
inline MicrogptGolden golden_of_names() {
  MicrogptGolden golden;
  std::ifstream file(GRADUS_GOLDEN_DIR "/microgpt.tsv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string kind;
    int64_t number = 0;
    std::string value;
    fields >> kind >> number >> value;
    if (kind == "loss") golden.losses[number] = std::stod(value);
    if (kind == "name") golden.names.push_back(value);
  }
  return golden;
}

}  // namespace gradus
