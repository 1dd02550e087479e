// How long a step takes on many machines, and how much memory each needs.
#pragma once
#include <string>
#include <vector>

#include "distributed/slow_network.h"

namespace gradus::lessons {

/// A model and its batch.
struct Workload {
  std::string name;
  double parameters;
  int64_t sequences;  // of a batch
  int64_t T;          // tokens of a sequence
  int64_t layers;
  int64_t C;  // the width
};

/// The floating-point operations of forward and backward for a token: 6 for each parameter, and 12
/// T C in each layer for attention (Kaplan et al., "Scaling laws for neural language models", 2020,
/// table 1, times 3 for backward; without the mask).
double operations_per_token(const Workload& work);

/// When the gradients are sent.
enum class Sending { after, beside, zero };  // after or beside backward; zero: beside, with ZeRO

/// The parts of a step, in seconds.
struct StepTime {
  double computing;  // forward and backward
  double waiting;    // for messages
  double total() const { return computing + waiting; }
};

/// A step of P machines, which each have the same part of the batch, at least one sequence.
/// Backward takes two thirds of the computing. Beside backward, a bucket of 4 MB can be sent when
/// it is computed; so the last one is sent when backward has ended. ZeRO then also sends the new
/// parameters, P - 1 messages with n (P - 1) / P elements.
StepTime predict(const Workload& work, int64_t P, double operations_per_second,
                 const distributed::NetworkSpeed& network, Sending sending);
/// The same for known times of forward and backward.
double seconds_waited(double backward, double communication, int64_t buckets, Sending sending);

/// Bytes that a machine needs for parameters, gradients and AdamW's two numbers for each parameter:
/// 16 for each parameter in float32, or 8 and 8 / P with ZeRO.
double training_bytes(double parameters, int64_t P, bool zero);

}  // namespace gradus::lessons
