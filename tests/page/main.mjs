// All tests of the pages, in one process: they share the browser. run_tests.sh starts it.
import "./attention.mjs";
import "./every_page.mjs";
import "./mutations.mjs";
import "./programs.mjs";
import "./tensors.mjs";
import "./timing.mjs";
