// All tests of the pages, in one process: they share the browser. run_tests.sh starts it.
import { after } from "node:test";
import { closeBrowser } from "./browser.mjs";
import "./every_page.mjs";

after(closeBrowser);
