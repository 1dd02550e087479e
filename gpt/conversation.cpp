#include "gpt/conversation.h"

#include <array>
#include <nlohmann/json.hpp>

#include "tensor/file_io.h"
#include "text/utf8.h"

namespace gradus::gpt {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> kSpecialTokens{"<|system|>", "<|user|>", "<|assistant|>",
                                                    "<|end|>"};

/// A member of a JSON object that must be there.
const json& member(const json& object, const char* name, const std::string& what,
                   const std::string& origin) {
  check(object.is_object(), "{}: {} is not an object {{...}}", origin, what);
  const auto found = object.find(name);
  check(found != object.end(), "{}: {} has no \"{}\"", origin, what, name);
  return *found;
}

std::string text_in(const json& message, const char* name, const std::string& what,
                    const std::string& origin) {
  const json& value = member(message, name, what, origin);
  check(value.is_string(), "{}: \"{}\" of {} is {}, expected a text in quotes", origin, name, what,
        shown(value));
  return value;
}

Conversation conversation_in_json(const std::string& line, const std::string& origin) {
  const json all = json::parse(line, nullptr, /*allow_exceptions=*/false);
  check(!all.is_discarded(),
        "{}: it is not JSON; each line is a conversation: {{\"messages\": ...}}", origin);
  const json& messages = member(all, "messages", "the line", origin);
  check(messages.is_array(), "{}: \"messages\" is not a list [...]", origin);
  Conversation conversation{.messages = {}, .origin = origin};
  for (const json& message : messages) {
    const std::string what = fmt::format("message {}", conversation.messages.size() + 1);
    conversation.messages.push_back(
        {text_in(message, "role", what, origin), text_in(message, "content", what, origin)});
  }
  return conversation;
}

Conversation conversation_in_text(const std::string& line, const std::string& origin) {
  const size_t tab = line.find('\t');
  check(tab != std::string::npos && line.find('\t', tab + 1) == std::string::npos,
        "{}: expected a question, one tab and its answer, or JSON {{\"messages\": ...}} from the "
        "first line on",
        origin);
  return {.messages = {{"user", line.substr(0, tab)}, {"assistant", line.substr(tab + 1)}},
          .origin = origin};
}

std::string read_all(const std::string& path) {
  InputFile file("finetune", path);
  file.check(file.left() > 0, "the file is empty");
  std::string text(static_cast<size_t>(file.left()), ' ');
  file.read(text.data(), std::ssize(text));
  return text;
}

/// Calls f(line, its number from 1) for each line that has more than spaces.
template <class F>
void for_each_line(const std::string& text, F f) {
  size_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) f(line, number);
    begin = end + 1;
  }
}

void append_conversations(const std::string& path, std::vector<Conversation>& all) {
  std::string text = read_all(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte order mark
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && text[first] == '{';
  const size_t before = all.size();
  for_each_line(text, [&](const std::string& line, size_t number) {
    const std::string origin = fmt::format("{}: line {}", printable(path), number);
    check(text::valid_utf8_length(line) == line.size(), "{}: it is not UTF-8", origin);
    all.push_back(is_json ? conversation_in_json(line, origin)
                          : conversation_in_text(line, origin));
    check_roles(all.back());
  });
  check(all.size() > before, "{}: the file has no conversations", printable(path));
}

int64_t id_of(const text::Tokenizer& tokenizer, const char* name) {
  const std::optional<int64_t> id = tokenizer.special_token_id(name);
  check(id.has_value(), "the vocabulary has no token {}: the model was never fine-tuned", name);
  return *id;
}

}  // namespace

void check_roles(const Conversation& conversation) {
  const auto& [messages, origin] = conversation;
  bool is_user_next = true;
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto& [role, content] = messages[i];
    check(role == "system" || role == "user" || role == "assistant",
          "{}: the role of message {} is '{}', expected system, user or assistant", origin, i + 1,
          printable(role));
    check(content.find_first_not_of(" \t\r\n") != std::string::npos,
          "{}: message {}, of the {}, is empty", origin, i + 1, role);
    if (role == "system") {
      check(i == 0, "{}: message {} is of the system, which may speak first only", origin, i + 1);
      continue;
    }
    check((role == "user") == is_user_next,
          "{}: message {} is of the {}, expected the {}: they speak in turn", origin, i + 1, role,
          is_user_next ? "user" : "assistant");
    is_user_next = !is_user_next;
  }
  check(!messages.empty() && messages.back().role == "assistant",
        "{}: the conversation does not end with an answer of the assistant", origin);
}

std::vector<Conversation> read_conversations(const std::vector<std::string>& paths) {
  std::vector<Conversation> all;
  for (const std::string& path : paths)
    append_conversations(path, all);
  return all;
}

ChatFormat::ChatFormat(const text::Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      system_(id_of(tokenizer, kSpecialTokens[0])),
      user_(id_of(tokenizer, kSpecialTokens[1])),
      assistant_(id_of(tokenizer, kSpecialTokens[2])),
      end_(id_of(tokenizer, kSpecialTokens[3])) {}

bool ChatFormat::is_known_to(const text::Tokenizer& tokenizer) {
  return std::ranges::all_of(kSpecialTokens, [&](const char* name) {
    return tokenizer.special_token_id(name).has_value();
  });
}

void ChatFormat::add_to(text::Tokenizer& tokenizer) {
  for (const char* name : kSpecialTokens)
    if (!tokenizer.special_token_id(name)) tokenizer.add_special_token(name);
}

void ChatFormat::append(const Message& message, Encoded& encoded) const {
  const auto add = [&](const std::vector<int64_t>& ids, bool is_answer) {
    encoded.ids.insert(encoded.ids.end(), ids.begin(), ids.end());
    encoded.is_answer.resize(encoded.ids.size(), is_answer);
  };
  const bool is_answer = message.role == "assistant";
  add({is_answer ? assistant_ : message.role == "user" ? user_ : system_}, false);
  add(tokenizer_.encode(message.content), is_answer);
  if (is_answer) add({end_}, true);
}

ChatFormat::Encoded ChatFormat::encode(const Conversation& conversation) const {
  Encoded encoded;
  try {
    for (const Message& message : conversation.messages)
      append(message, encoded);
  } catch (const Error& e) {  // a character that is not in the vocabulary
    fail("{}: {}", conversation.origin, e.what());
  }
  return encoded;
}

std::vector<int64_t> ChatFormat::prompt(const std::vector<Message>& messages) const {
  Encoded encoded;
  for (const Message& message : messages)
    append(message, encoded);
  encoded.ids.push_back(assistant_);
  return encoded.ids;
}

}  // namespace gradus::gpt
