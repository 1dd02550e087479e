#include "tests/bench/rows.h"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

namespace bench {
namespace {

void add_gemm(std::vector<Row>& rows) {
  const std::vector<std::vector<int64_t>> shapes = {
      {16, 16, 16},     {32, 32, 32},       {64, 64, 64},       {128, 128, 128},  {256, 256, 256},
      {512, 512, 512},  {1024, 1024, 1024}, {2048, 2048, 2048}, {256, 2304, 768}, {256, 3072, 768},
      {256, 768, 3072}, {256, 50257, 768},  {64, 512, 128}};
  for (const auto& shape : shapes) {
    const double M = static_cast<double>(shape[0]);
    const double N = static_cast<double>(shape[1]);
    const double K = static_cast<double>(shape[2]);
    for (const char* layout : {"NN", "NT", "TN"}) {
      Row row{.name = fmt::format("gemm/{}x{}x{}/{}", M, N, K, layout),
              .title = fmt::format("{} {} {} {}", M, N, K, layout)};
      row.flops = 2 * M * N * K;
      row.bytes = 4 * (M * K + K * N + M * N);
      row.one_thread = true;
      row.target = shape[0] > 16 ? 0.85 : 0;
      rows.push_back(row);
    }
  }
}

void add_models(std::vector<Row>& rows) {
  const std::vector<std::string> training = {"fused", "foreach", "compiled"};
  const std::vector<std::string> inference = {"", "compiled"};
  const double parameters = 124.4e6;
  rows.push_back({.name = "model/nanogpt_step",
                  .title = "nanoGPT's CPU settings, training step",
                  .flops = 4.0e9,
                  .bytes = 28 * 0.8e6,
                  .one_thread = true,
                  .target = 2.2,
                  .variants = training});
  rows.push_back({.name = "model/gpt2_step",
                  .title = "GPT-2 124M B4 T64, training step",
                  .flops = 191e9,
                  .bytes = 28 * parameters,
                  .one_thread = true,
                  .target = 1.5,
                  .floor_share = 0.75,
                  .variants = training});
  rows.push_back({.name = "model/gpt2_token",
                  .title = "GPT-2 124M, one token",
                  .flops = 2 * parameters,
                  .bytes = 4 * parameters,
                  .one_thread = true,
                  .target = 3,
                  .floor_share = 0.85,
                  .variants = inference});
  const double keys_and_values = 2 * 12 * 256 * 768;
  rows.push_back({.name = "model/gpt2_cached_token",
                  .title = "GPT-2 124M, one token after 255 in the cache",
                  .flops = 2 * (parameters + keys_and_values),
                  .bytes = 4 * (parameters + keys_and_values),
                  .one_thread = true,
                  .target = 2,
                  .floor_share = 0.85,
                  .variants = {""}});
  rows.push_back({.name = "model/gpt2_forward",
                  .title = "GPT-2 124M B1 T256, last logits",
                  .flops = 45.5e9,
                  .bytes = 4 * parameters,
                  .one_thread = true,
                  .target = 2,
                  .variants = inference});
}

void add_ops(std::vector<Row>& rows) {
  struct Op {
    const char *name, *title;
    double flops, in, out;            // numbers read and written, forward
    double backward_flops, backward;  // backward: numbers read and written
  };
  const double scores = 4 * 12 * 256 * 256;
  const double x = 1024 * 768;
  const double hidden = 1024 * 3072;
  const double logits = 256 * 50257.0;
  const double table = 50257.0 * 768;
  const double entries = 4096.0 * 768;
  const double attended = 4 * 12 * 256 * 64;
  const double rows256 = 256 * 768;
  const double mlp = 768 * 3072;
  const double causal = 2 * 2 * 4 * 12 * 256 * 256 * 64 / 2.0;
  const Op ops[] = {
      {"softmax", "softmax [4,12,256,256]", 10 * scores, scores, scores, 4 * scores, 3 * scores},
      {"layer_norm", "layer norm [1024,768]", 8 * x, x, x, 12 * x, 3 * x},
      {"gelu", "gelu, exact [1024,3072]", 20 * hidden, hidden, hidden, 30 * hidden, 3 * hidden},
      {"gelu_tanh", "gelu, tanh [1024,3072]", 20 * hidden, hidden, hidden, 30 * hidden, 3 * hidden},
      {"cross_entropy", "cross-entropy [256,50257]", 10 * logits, logits, 0, 10 * logits,
       2 * logits},
      {"embedding", "embedding, 256 rows of 50257x768", 0, rows256, rows256, 0, table},
      {"index_ids", "x[ids], 4096 of 4096x768", 0, entries, entries, 0, 3 * entries},
      {"index_mask", "x[mask], half of [4096,768]", 0, entries, entries / 2, 0, 2 * entries},
      {"attention", "causal attention B4 H12 T256 D64", causal, 3 * attended, attended,
       2.5 * causal, 8 * attended},
      {"linear", "linear 256x768 to 3072", 2 * 256 * mlp, mlp + rows256, 256 * 3072, 4 * 256 * mlp,
       2 * mlp},
      {"linear_head", "linear 256x768 to 50257", 2 * 256 * table, table + rows256, logits,
       4 * 256 * table, 2 * table + logits},
  };
  for (const Op& op : ops) {
    const std::string name = std::string("op/") + op.name;
    const std::string title = op.title;
    rows.push_back({.name = name + "/forward",
                    .title = title + ", forward",
                    .flops = op.flops,
                    .bytes = 4 * (op.in + op.out),
                    .target = 1});
    rows.push_back({.name = name + "/backward",
                    .title = title + ", backward",
                    .flops = op.backward_flops,
                    .bytes = 4 * op.backward,
                    .target = 1});
  }
}

void add_tiny(std::vector<Row>& rows) {
  for (const char* op : {"add", "matmul", "softmax"})
    for (const auto& [kind, title] :
         {std::pair{"plain", "no grad"}, {"graph", "with graph"}, {"backward", "backward"}})
      rows.push_back({.name = fmt::format("tiny/{}/{}", op, kind),
                      .title = fmt::format("{} of 6x3, {}", op, title),
                      .flops = 36,
                      .bytes = 216,
                      .one_thread = true,
                      .all_threads = false,
                      .target = 3});
  rows.push_back({.name = "tiny/mlp",
                  .title = "MLP 3-16-16-1, batch 6, AdamW step",
                  .flops = 12e3,
                  .bytes = 10e3,
                  .one_thread = true,
                  .all_threads = false,
                  .target = 4});
}

/// Rows that Gradus computes with products of bfloat16 numbers, and PyTorch in each of its ways.
void add_medium(std::vector<Row>& rows) {
  std::vector<Row> medium;
  for (const Row& row : rows) {
    const bool is_step = row.name.ends_with("_step");
    const bool is_product = row.group() == "gemm" && row.flops >= 2.0 * 128 * 128 * 128;
    const bool is_attention = row.name.starts_with("op/attention/");
    if (!is_step && !is_product && !is_attention) continue;
    Row& added = medium.emplace_back(row);
    added.name = "medium/" + row.name;
    added.title = row.title + (is_step ? "" : ", medium");
    added.one_thread = false;
    added.floor_share = 0;
    added.target = is_step ? (row.name == "model/gpt2_step" ? 1.4 : 1.6) : 0.8;
    if (is_step)
      added.variants = {"fused", "autocast"};
    else
      added.variants = {"", "autocast", "bfloat16"};
  }
  rows.insert(rows.end(), medium.begin(), medium.end());
}

/// A token from weights that are stored in bfloat16, of which the cache is none.
void add_bfloat16_weights(std::vector<Row>& rows) {
  const double parameters = 124.4e6;
  const double keys_and_values = 2 * 12 * 256 * 768;
  rows.push_back({.name = "medium/model/bfloat16_token",
                  .title = "GPT-2 124M, one token, weights in bfloat16",
                  .flops = 2 * parameters,
                  .bytes = 2 * parameters,
                  .one_thread = true,
                  .target = 1.5,
                  .floor_share = 0.85,
                  .variants = {"", "bfloat16"}});
  rows.push_back({.name = "medium/model/bfloat16_cached_token",
                  .title = "GPT-2 124M, one token after 255 in the cache, weights in bfloat16",
                  .flops = 2 * (parameters + keys_and_values),
                  .bytes = 2 * parameters + 4 * keys_and_values,
                  .one_thread = true,
                  .target = 1.5,
                  .floor_share = 0.85,
                  .variants = {"", "bfloat16"}});
}

}  // namespace

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  add_gemm(rows);
  add_models(rows);
  add_ops(rows);
  add_medium(rows);
  add_bfloat16_weights(rows);
  add_tiny(rows);
  rows.push_back({.name = "memory/gpt2_step",
                  .title = "GPT-2 124M B4 T64, training step: peak memory",
                  .target = 1,
                  .limit_mib = 2250,
                  .variants = {"fused"}});
  rows.push_back({.name = "memory/attention",
                  .title = "causal attention T8192 H12 D64, forward and backward: memory "
                           "beyond inputs, outputs, gradients",
                  .target = 0,
                  .limit_mib = 64});
  return rows;
}

Product product_of(const std::string& row) {
  long long M = 0;
  long long N = 0;
  long long K = 0;
  char layout[3] = "";
  if (std::sscanf(row.c_str(), "gemm/%lldx%lldx%lld/%2s", &M, &N, &K, layout) != 4)
    throw std::runtime_error("not a row of products: " + row);
  return {M, N, K, layout};
}

}  // namespace bench
