#include "distributed/slow_network.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "tensor/error.h"

namespace gradus::distributed {

void check_speed(const NetworkSpeed& speed) {
  check(speed.seconds_per_message >= 0 && std::isfinite(speed.seconds_per_message),
        "init_process_group: a message of the network takes {} seconds, expected a finite number "
        "of 0 or more",
        speed.seconds_per_message);
  check(speed.bytes_per_second > 0 && std::isfinite(speed.bytes_per_second),
        "init_process_group: the network sends {} bytes per second, expected a finite number above "
        "0",
        speed.bytes_per_second);
}

void SlowNetwork::exchange(const Exchange& bytes, const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  transport_->exchange(bytes, call);
  const auto most = static_cast<double>(std::max(bytes.send.size(), bytes.receive.size()));
  const std::chrono::duration<double> seconds(speed_.seconds_per_message +
                                              most / speed_.bytes_per_second);
  std::this_thread::sleep_until(
      start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds));
}

}  // namespace gradus::distributed
