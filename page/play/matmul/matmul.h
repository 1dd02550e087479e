// The page "From three loops to the machine's limit": what each step of the matrix product touches,
// and how fast it is.
#pragma once
#include <optional>

#include "page/json_values.h"
#include "page/play/matmul/measure.h"
#include "page/play/matmul/trace.h"
#include "page/report.h"

namespace gradus::page {

/// The step as JSON: {"name", "say", "reads", "writes", "misses", "areas", "accesses", "evicted",
/// "code"}. An access is ((element * 8 + area) * 2 + is_write) * 2 + is_hit; "evicted" has the line
/// that each miss evicted, or -1.
Json trace_json(size_t step);

/// What the page says about a step: its idea, and what the picture counts.
std::string sentence_about(size_t step, const Trace& trace);

/// The panel "play_matmul": the traces, unless with_traces is false, and what was measured.
Json matmul_panel(const std::optional<Measured>& measured, bool with_traces = true);

Report matmul_report(const std::optional<Measured>& measured, bool with_traces = true);

}  // namespace gradus::page
