// The page "Play it backward": a graph, forward and backward step by step, with right and wrong
// rules.
#pragma once
#include <string>

#include "page/json_values.h"
#include "page/play/backward/sabotage.h"
#include "page/report.h"

namespace gradus::page {

/// The graph of the code, with values, gradients and rules: {"code", "note", "loss", "nodes",
/// "views", "honest", "fault"}. If the code has a fault, all but "code" and "fault" are missing.
Json backward_result(const std::string& code);

/// What the checks say about a wrong rule, and which gradients it changes:
/// {"key", "node", "input", "mistake", "say", "gradcheck", "leaves", "op", "inputs", "gradients"}.
Json sabotage_result(const std::string& code, const std::string& key);

/// The panel "play_backward": the result of the code and those of all examples, with all sabotages
/// of the small ones. `key` names a sabotage of the code, or is empty. Without the examples it
/// takes a tenth of the time.
Json backward_panel(const std::string& code, const std::string& key = "",
                    bool with_examples = true);

Report backward_report(const std::string& code, const std::string& key = "",
                       bool with_examples = true);

}  // namespace gradus::page
