// A network that is slower than the real one, for measuring how a training would run on it.
#pragma once
#include <memory>

#include "distributed/transport.h"

namespace gradus::distributed {

/// The alpha-beta model of a network: a message of n bytes takes alpha + n / beta seconds (Hockney,
/// "The communication challenge for MPP", 1994).
struct NetworkSpeed {
  double seconds_per_message = 0;  // alpha
  double bytes_per_second = 0;     // beta, in each direction
};

/// Throws unless alpha is 0 or more and beta is above 0, and both are finite.
void check_speed(const NetworkSpeed& speed);

/// Sends through another transport, and returns when this network would have sent the bytes. The
/// processor is free meanwhile, as with a real network.
class SlowNetwork : public Transport {
 public:
  SlowNetwork(std::unique_ptr<Transport> transport, const NetworkSpeed& speed)
      : transport_(std::move(transport)), speed_(speed) {}
  int rank() const override { return transport_->rank(); }
  int size() const override { return transport_->size(); }
  void exchange(const Exchange& bytes, const Call& call) override;

 private:
  const std::unique_ptr<Transport> transport_;
  const NetworkSpeed speed_;
};

}  // namespace gradus::distributed
