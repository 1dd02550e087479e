// All tests of the pages, in one process: they share the browser. run_tests.sh starts it.
import "./attention.mjs";
import "./every_page.mjs";
import "./graph.mjs";
import "./mutations.mjs";
import "./play.mjs";
import "./programs.mjs";
import "./scripts.mjs";
import "./sections.mjs";
import "./tensors.mjs";
import "./timing.mjs";
