"""Fit a small network to a noisy sine on all pods of a job; each step averages the gradients over them."""

import argparse
import hashlib
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

SAMPLES, EPOCHS, BATCH = 2048, 30, 64


def fingerprint(weights: torch.Tensor) -> str:
    """Return a text that is equal for equal weights only."""
    return hashlib.sha256(str(weights.tolist()).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    args = parser.parse_args()

    torch.set_num_threads(1)
    # MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE come from PAI-DLC.
    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    print(f"process {rank} of {world_size}, pid {os.getpid()}", flush=True)

    torch.manual_seed(0)
    inputs = torch.linspace(-3, 3, SAMPLES).unsqueeze(1)
    targets = torch.sin(2 * inputs) + 0.05 * torch.randn_like(inputs)
    network = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    model = DistributedDataParallel(network)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    loss_of = nn.MSELoss()

    # Each process has a part of the samples of its own: equal weights can only come from exchanged gradients.
    own_inputs, own_targets = inputs[rank::world_size], targets[rank::world_size]
    for epoch in range(EPOCHS):
        order = torch.randperm(len(own_inputs), generator=torch.Generator().manual_seed(epoch))
        total, batches = torch.zeros(1), 0
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = loss_of(model(own_inputs[batch]), own_targets[batch])
            loss.backward()
            optimizer.step()
            total += loss.detach()
            batches += 1
        mean = total / batches
        dist.all_reduce(mean)
        if rank == 0:
            print(f"epoch {epoch + 1} loss {mean.item() / world_size:.6f}", flush=True)

    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    print(f"weights of process {rank}: {fingerprint(weights)}", flush=True)
    if rank == 0:
        torch.save(model.module.state_dict(), args.model)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
