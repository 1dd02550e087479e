# Makes sentence pairs from a dictionary with lines "German | German :: English | English", such as
# Debian's trans-de-en. It takes short sentences only and makes each punctuation mark a word of its
# own. The output has lines: source, tab, target.
function words_of(text) {
  gsub(/\{[^}]*\}|\[[^]]*\]|\([^)]*\)|<[^>]*>/, " ", text)
  gsub(/’/, "'", text)
  gsub(/“|”|„|"/, " ", text)
  gsub(/[.,:;!?]/, " &", text)
  gsub(/[ \t]+/, " ", text)
  sub(/^ /, "", text)
  sub(/ $/, "", text)
  return tolower(text)
}
function short_sentence(text) { return text ~ /[^ ] [.!?]$/ && split(text, words, " ") <= 8 }
/ :: / && !/^#/ {
  at = index($0, " :: ")
  entries = split(substr($0, 1, at - 1), german, / \| /)
  if (split(substr($0, at + 4), english, / \| /) != entries) next
  for (i = 1; i <= entries; ++i) {
    split(german[i], sources, "; ")
    split(english[i], targets, "; ")
    source = words_of(sources[1])
    target = words_of(targets[1])
    if (short_sentence(source) && short_sentence(target)) print source "\t" target
  }
}
