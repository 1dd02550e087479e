# A part of run_test.sh: without a browser, the tests of the pages are skipped.

test_missing_browser_is_said_after_the_tests() {
  call tests
  ends_with 0
  says "skipped: the tests of the pages need node 18 or newer"
  says "npm ci --prefix tests/page"
  call tests -R softmax
  does_not_say "skipped: the tests of the pages"
  status=0
  (in_copy sh "$clone/tests/page/run_tests.sh" .) >"$out" 2>&1 || status=$?
  ends_with 77
  status=0
  (in_copy env CI=true sh "$clone/tests/page/run_tests.sh" .) >"$out" 2>&1 || status=$?
  ends_with 1
  says "with CI=true they must run"
}
