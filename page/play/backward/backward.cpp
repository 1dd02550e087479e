#include "page/play/backward/backward.h"

#include <algorithm>

#include "autograd/graph.h"
#include "check/diagnosis.h"
#include "page/play/backward/rules.h"
#include "page/play/backward/views.h"
#include "page/play/kit/fault.h"
#include "page/play/kit/source.h"
#include "page/rule_texts.h"

namespace gradus::page {
namespace {

constexpr const char* kGivenInWords =
    "x is a matrix (3, 2), w a matrix (2, 2), b a vector (2), a and c are "
    "single numbers; all need "
    "gradients. gpt_block(x) and attention(x) are layers of the library.";

/// The sabotages of larger examples are left to the program in the page, so that a page has less
/// than a megabyte.
constexpr size_t kMostNodesWithSabotages = 8;

/// Runs backward and returns the gradient of every node.
std::vector<Tensor> gradients_of(const Tensor& loss) {
  const std::vector<Node*> nodes = nodes_of(loss);
  for (Node* node : nodes) {
    node->retains_grad = true;
    node->grad = Tensor();
  }
  loss.backward();
  std::vector<Tensor> gradients;
  for (Node* node : nodes) {
    gradients.push_back(node->grad.defined() ? node->grad.detach().clone() : Tensor());
    node->grad = Tensor();
  }
  return gradients;
}

std::string label_of(const Forward& forward, const Node& node) {
  const auto found = forward.known.find(node.id);
  if (found != forward.known.end()) return found->second.text;
  return node.name;
}

/// "db = dy * a, summed to the input's shape"
std::string rule_in_words(const Node& node, size_t input) {
  const bool is_summed = broadcasts(node.name) && node.edges.at(input).input->shape != node.shape;
  return std::string(formula_of(node.name, input)) +
         (is_summed ? ", summed to the input's shape" : "");
}

/// The inputs of a node with their formulas, and the mistakes that can be made in them.
Json inputs_of(const Forward& forward, const std::vector<Node*>& nodes, const Node& node) {
  Json inputs = Json::array();
  for (size_t i = 0; i < node.edges.size(); ++i) {
    const Node* input = node.edges[i].input.get();
    if (input == nullptr) continue;
    const auto place = std::find(nodes.begin(), nodes.end(), input) - nodes.begin();
    Json possible = Json::array();
    for (const Mistake mistake : mistakes())
      if (is_possible(mistake, node, i))
        possible.push_back({{"name", name_of(mistake)}, {"label", in_words(mistake)}});
    inputs.push_back({{"node", place},
                      {"input", i},
                      {"label", label_of(forward, *input)},
                      {"formula", rule_in_words(node, i)},
                      {"mistakes", possible}});
  }
  return inputs;
}

std::string say_forward(const Forward& forward, const Node& node) {
  if (node.is_leaf())
    return fmt::format("{} is a leaf: backward stores a gradient for it.", label_of(forward, node));
  return fmt::format("{} computes a result of shape {}.", node.name, node.shape);
}

std::string say_backward(const Forward& forward, const Node& node, size_t readers) {
  const std::string added =
      readers > 1 ? fmt::format(" It was used {} times: {} gradients were added.", readers, readers)
                  : "";
  if (node.is_leaf())
    return fmt::format("The gradient of {} is complete.{}", label_of(forward, node), added);
  return fmt::format(
      "{} knows dy, the gradient of its result, and gives each "
      "input its part.{}",
      node.name, added);
}

Json nodes_json(const Forward& forward, const std::vector<Tensor>& gradients) {
  const std::vector<Node*> nodes = nodes_of(forward.loss);
  Json list = Json::array();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = *nodes[i];
    size_t readers = 0;
    for (const Node* other : nodes)
      for (const Node::Edge& edge : other->edges)
        readers += edge.input.get() == &node ? 1 : 0;
    const auto known = forward.known.find(node.id);
    Json json = {{"op", node.name},
                 {"label", label_of(forward, node)},
                 {"scope", *node.scope},
                 {"shape", node.shape.vec()},
                 {"inputs", inputs_of(forward, nodes, node)},
                 {"forward", say_forward(forward, node)},
                 {"backward", say_backward(forward, node, readers)}};
    if (known != forward.known.end()) json["value"] = tensor_values(known->second.value);
    if (gradients[i].defined()) json["gradient"] = tensor_values(gradients[i]);
    list.push_back(json);
  }
  return list;
}

Json verdicts_json(const std::vector<Verdict>& verdicts) {
  Json list = Json::array();
  for (const Verdict& verdict : verdicts)
    list.push_back({{"name", verdict.name}, {"ok", verdict.ok}, {"message", verdict.message}});
  return list;
}

Json fault_of(const std::string& code, const ExpressionError& error) {
  return {{"code", code}, {"fault", fault_json(code, error)}};
}

/// {op: {"file", "first_line", "source"}} of the ops in a result.
void add_sources(const Json& result, Json& sources) {
  if (!result.contains("nodes")) return;
  for (const Json& node : result.at("nodes")) {
    const auto op = node.at("op").get<std::string>();
    if (op == "leaf" || sources.contains(op)) continue;
    const RuleSource& rule = rule_source(op);
    const Excerpt code = excerpt(rule.file, rule.start);
    sources[op] = {{"file", code.file}, {"first_line", code.first_line}, {"source", code.text}};
  }
}

/// All sabotages that are possible in the graph of a result.
Json all_sabotages(const Json& result) {
  Json list = Json::array();
  if (!result.contains("nodes")) return list;
  const Json& nodes = result.at("nodes");
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const Json& input : nodes[i].at("inputs"))
      for (const Json& mistake : input.at("mistakes"))
        list.push_back(sabotage_result(result.at("code").get<std::string>(),
                                       fmt::format("{}.{}.{}", i, input.at("input").get<size_t>(),
                                                   mistake.at("name").get<std::string>())));
  return list;
}

}  // namespace

Json backward_result(const std::string& code) {
  try {
    const Subject subject = subject_of(code);
    const Forward forward = subject.forward();
    Json views = Json::array();
    const std::vector<ViewBox> modules = boxes_of_modules(forward);
    const std::vector<ViewBox> ops = boxes_of_ops(forward);
    if (modules.size() < ops.size()) views.push_back(view("modules", forward, modules));
    views.push_back(view("ops", forward, ops));
    const double loss = forward.loss.item<double>();
    const Json nodes = nodes_json(forward, gradients_of(forward.loss));
    const Verdicts honest = check_with(subject, {});
    return {{"code", code},   {"note", subject.note}, {"loss", number(loss)},
            {"nodes", nodes}, {"views", views},       {"honest", verdicts_json(honest.leaves)},
            {"fault", Json()}};
  } catch (const ExpressionError& error) {
    return fault_of(code, error);
  } catch (const Error& error) {  // the checks cannot be run, for example at a nan
    return fault_of(code, ExpressionError(error.what(), {0, code.size()}));
  }
}

Json sabotage_result(const std::string& code, const std::string& key) {
  const Sabotage sabotage = sabotage_of_key(key);
  const Subject subject = subject_of(code);
  const std::vector<Tensor> right = gradients_of(subject.forward().loss);
  const Forward forward = subject.forward();
  apply(sabotage, forward.loss);
  const std::vector<Node*> nodes = nodes_of(forward.loss);
  const Node& node = *nodes[sabotage.node];
  const std::string input = label_of(forward, *node.edges[sabotage.input].input);
  const std::string say =
      fmt::format("The rule of {} for {} is wrong now: {}. It was: {}.", node.name, input,
                  in_words(sabotage.mistake), rule_in_words(node, sabotage.input));
  const std::vector<Tensor> wrong = gradients_of(forward.loss);
  Json gradients = Json::object();
  for (size_t i = 0; i < wrong.size(); ++i)
    if (wrong[i].defined() && right[i].defined() && !allclose(wrong[i], right[i], 1e-9, 1e-12))
      gradients[std::to_string(i)] = tensor_values(wrong[i]);
  const Verdicts verdicts = check_with(subject, sabotage);
  return {{"key", key},
          {"node", sabotage.node},
          {"input", sabotage.input},
          {"mistake", in_words(sabotage.mistake)},
          {"say", say},
          {"gradcheck", verdicts.gradcheck},
          {"leaves", verdicts_json(verdicts.leaves)},
          {"op", verdicts.op},
          {"inputs", verdicts_json(verdicts.inputs)},
          {"gradients", gradients}};
}

Json backward_panel(const std::string& code, const std::string& key, bool with_examples) {
  Json sources = Json::object();
  Json examples = Json::array();
  for (const BackwardExample& example : backward_examples()) {
    if (!with_examples) break;
    Json result = backward_result(example.code);
    add_sources(result, sources);
    const bool is_small = result.at("nodes").size() <= kMostNodesWithSabotages;
    result["sabotages"] = is_small ? all_sabotages(result) : Json::array();
    examples.push_back({{"label", example.label}, {"code", example.code}, {"result", result}});
  }
  Json result = backward_result(code);
  add_sources(result, sources);
  result["sabotages"] = Json::array();
  if (!key.empty()) result["sabotages"].push_back(sabotage_result(code, key));
  return {{"title", "Forward, then backward"},
          {"note", kGivenInWords},
          {"examples", examples},
          {"sources", sources},
          {"result", result}};
}

Report backward_report(const std::string& code, const std::string& key, bool with_examples) {
  Report report({.id = "play_backward",
                 .title = "Play it backward",
                 .lede = "Backward is one loop from the result to the leaves: "
                         "each node knows one "
                         "rule. Break a rule, and gradcheck names it."});
  report.panel("play_backward", backward_panel(code, key, with_examples).dump());
  const auto stop = [](const std::string& say, size_t example,
                       const std::map<std::string, std::string>& more) {
    std::map<std::string, std::string> select = {{"code", backward_examples().at(example).code}};
    select.insert(more.begin(), more.end());
    return Stop{say, select};
  };
  report.tour({
      stop("Forward computes each node from its inputs and remembers them; "
           "nothing else.",
           0, {{"at", "4"}}),
      stop("Backward starts at the result with gradient 1, and each node gives "
           "its inputs their "
           "part by its rule.",
           0, {{"at", "6"}}),
      stop("e is used twice, so two gradients arrive, and they are added.", 0, {{"at", "8"}}),
      stop("Here the rule of mul forgets to sum over the broadcast dimension: "
           "gradcheck finds it, "
           "and the diagnosis names the fault.",
           2, {{"at", "8"}, {"broken", "2.1.no_sum"}}),
      stop("A GPT block is the same loop over more nodes: layer norm, "
           "attention, feed-forward, and "
           "two shortcuts.",
           6, {{"view", "modules"}}),
  });
  return report;
}

}  // namespace gradus::page
