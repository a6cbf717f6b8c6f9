"""ResNet-20 on Fashion-MNIST as it is usually written in Python, trained in turns with another program.

usage: training.py FOLDER SAMPLES WORKERS     each line of stdin: one epoch; FOLDER is torchvision's root
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision import transforms


class BasicBlock(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.stride, self.added = stride, after - before

    def shortcut(self, x):
        if self.added == 0:
            return x
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet20():
    layers, before = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for stage, after in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(BasicBlock(before, after, 2 if stage > 0 and block == 0 else 1))
            before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def main():
    folder, samples, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    steps = [transforms.RandomCrop(28, padding=3), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
             transforms.Normalize((0.2860,), (0.3530,))]
    data = torchvision.datasets.FashionMNIST(folder, train=True, transform=transforms.Compose(steps))
    data = torch.utils.data.Subset(data, range(samples))
    loader = torch.utils.data.DataLoader(data, batch_size=128, shuffle=True, num_workers=workers)
    net = resnet20().train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)

    def epoch():
        begin, total = time.perf_counter(), 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return {"images_per_s": samples / (time.perf_counter() - begin), "loss": total / len(loader)}

    parameters = sum(parameter.numel() for parameter in net.parameters())
    print(json.dumps({"parameters": parameters}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(epoch()), flush=True)


main()
