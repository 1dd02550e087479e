// How the processes of a group send each other bytes. MPI does it (mpi_transport.cpp); tests have
// transports of their own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tensor/dtype.h"

namespace gradus::distributed {

/// A call that all processes of a group make together. It is sent with each message: processes that
/// make different calls get an Error, not each other's numbers.
struct Call {
  enum class Op : int32_t { all_reduce, broadcast, all_gather, barrier };
  int64_t number = 0;  // how many calls the group made before
  Op op = Op::barrier;
  DType dtype = kFloat32;
  int64_t elements = 0;
};
/// "all_reduce of 12 float32, call 3"
std::string to_string(const Call& call);

/// Throws unless process `other` makes the same call as this one, `rank`.
void check_same_call(const Call& mine, int rank, const Call& theirs, int other);

/// Bytes for one process and from one, which may be the same. Nobody: -1.
struct Exchange {
  int to = -1;
  std::span<const std::byte> send = {};
  int from = -1;
  std::span<std::byte> receive = {};
};

/// One process of the group. Only one thread uses a transport.
class Transport {
 public:
  virtual ~Transport() = default;
  /// From 0 to size() - 1.
  virtual int rank() const = 0;
  /// The number of processes.
  virtual int size() const = 0;
  /// Sends and receives at the same time, and returns when both are done. Throws if the other
  /// process makes another call, cannot be reached or does not answer in time.
  virtual void exchange(const Exchange& bytes, const Call& call) = 0;
};

}  // namespace gradus::distributed
