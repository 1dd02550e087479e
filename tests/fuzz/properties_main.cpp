// properties: checks random arrays against loops over std::vector. RC_PARAMS="max_success=10000
// seed=7" sets the number of tries and the seed; a failure prints the smallest example and how to
// repeat it. The exit status is 1 if a property does not hold.
#include "tests/fuzz/properties_support.h"

int main() {
  bool all = gradus::fuzz::views_hold();
  all = gradus::fuzz::broadcasting_holds() && all;
  all = gradus::fuzz::indexing_holds() && all;
  return all ? 0 : 1;
}
