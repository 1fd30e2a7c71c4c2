#!/usr/bin/python3
"""What does the same simulation cost in numpy: Mueller-Brown at kT = 15, overdamped, with an OPES bias on both coordinates?

    benches/opes_numpy.py [--steps N]

Prints steps per second of CPU time, kernels and the free-energy difference of the two sides of y - x = 0.75, whose exact value is 33.73.
The case "mueller-brown, opes" of `cargo bench --bench langevin` is the same, step by step.
"""

import argparse
import time

import numpy as np

KT, BARRIER, WIDTH, PACE, STEP = 15.0, 120.0, 0.1, 100, 1e-4
HEIGHT = np.array([-200.0, -100.0, -170.0, 15.0])
XX, XY, YY = np.array([-1.0, -1.0, -6.5, 0.7]), np.array([0.0, 0.0, 11.0, 0.6]), np.array([-10.0, -10.0, -6.5, 0.7])
X, Y = np.array([1.0, 0.0, -0.5, -1.0]), np.array([0.0, 0.5, 1.5, 1.0])

FACTOR = 1 - KT / BARRIER
EPSILON = np.exp(-BARRIER / KT / FACTOR)
CUTOFF2 = 2 * BARRIER / KT / FACTOR
FOOT = np.exp(-0.5 * CUTOFF2)


def slope(at):
    x, y = at[0] - X, at[1] - Y
    term = HEIGHT * np.exp(XX * x * x + XY * x * y + YY * y * y)
    return np.array([np.sum(term * (2 * XX * x + XY * y)), np.sum(term * (XY * x + 2 * YY * y))])


class Opes:
    def __init__(self):
        self.height, self.center, self.sigma = np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2))
        self.weight = EPSILON**FACTOR
        self.weight2, self.zed = self.weight**2, 1.0

    def kernels(self, at):
        r = (at - self.center) / self.sigma
        r2 = np.einsum("ki,ki->k", r, r)
        near = r2 < CUTOFF2
        gaussian = self.height[near] * np.exp(-0.5 * r2[near])
        return np.sum(gaussian) - FOOT * np.sum(self.height[near]), -(gaussian[:, None] * r[near] / self.sigma[near]).sum(0)

    def bias(self, at):
        value, push = self.kernels(at)
        scale = 1 / (self.weight * self.zed)
        return KT * FACTOR * np.log(value * scale + EPSILON), KT * FACTOR * push * scale / (value * scale + EPSILON)

    def nearest(self, at, without=None):
        r2 = (((at - self.center) / self.sigma) ** 2).sum(1)
        if without is not None:
            r2[without] = np.inf
        return int(np.argmin(r2)) if len(r2) and r2.min() < 1 else None

    def merge(self, k, height, center, sigma):
        total = self.height[k] + height
        mean = (self.height[k] * self.center[k] + height * center) / total
        square = self.height[k] * (self.sigma[k] ** 2 + self.center[k] ** 2) + height * (sigma**2 + center**2)
        self.height[k], self.center[k], self.sigma[k] = total, mean, np.sqrt(square / total - mean**2)

    def deposit(self, at, bias):
        weight = np.exp(bias / KT)
        self.weight, self.weight2 = self.weight + weight, self.weight2 + weight**2
        size = (1 + self.weight) ** 2 / (1 + self.weight2)
        shrinking = size ** (-1 / 6)
        height, sigma = weight / shrinking**2, np.full(2, WIDTH * shrinking)
        k = self.nearest(at)
        if k is None:
            self.height = np.append(self.height, height)
            self.center, self.sigma = np.vstack([self.center, at]), np.vstack([self.sigma, sigma])
        else:
            self.merge(k, height, at, sigma)
            while (other := self.nearest(self.center[k], k)) is not None:
                self.merge(k, self.height[other], self.center[other], self.sigma[other])
                keep = np.arange(len(self.height)) != other
                self.height, self.center, self.sigma = self.height[keep], self.center[keep], self.sigma[keep]
                k -= other < k
        self.zed = sum(self.kernels(center)[0] for center in self.center) / self.weight / len(self.height)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20_000)
    steps = parser.parse_args().steps
    random, opes = np.random.default_rng(1), Opes()
    at = np.array([-0.55822365, 1.44172584])
    bias, push = opes.bias(at)
    rows = []
    start = time.process_time()
    for step in range(1, steps + 1):
        at = at - STEP * (slope(at) + push) + np.sqrt(2 * KT * STEP) * random.standard_normal(2)
        bias, push = opes.bias(at)
        if step % PACE == 0:
            opes.deposit(at, bias)
            rows.append((at[1] - at[0], bias))
    seconds = time.process_time() - start
    side, bias = np.array(rows[len(rows) // 5 :]).T
    weight = np.exp((bias - bias.max()) / KT)
    below, above = weight[side < 0.75].sum(), weight[side > 0.75].sum()
    difference = KT * np.log(above / below) if below > 0 else np.inf
    print(f"{steps / seconds:.0f} steps/s, {len(opes.height)} kernels, difference {difference:.2f} (33.73)")


if __name__ == "__main__":
    main()
