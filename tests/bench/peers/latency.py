"""A torchvision net in the forms that a well-informed user of Python would try, timed in turns with another program.

usage: latency.py MODEL BATCH FORM...     each line of stdin: FORM and a number of passes

Seconds are those in which the thread had a CPU, as on the other side.
"""
import json
import sys
import time

import torch
import torchvision

WARM_UP = 4


def forms_of(name, batch):
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)().eval()
    images = torch.randn(batch, 3, 224, 224)

    def eager():
        return lambda: net(images)

    def channels_last():
        other = getattr(torchvision.models, name)().eval()
        other.load_state_dict(net.state_dict())
        other = other.to(memory_format=torch.channels_last)
        rearranged = images.contiguous(memory_format=torch.channels_last)
        return lambda: other(rearranged)

    def frozen():
        traced = torch.jit.freeze(torch.jit.trace(net, images).eval())
        fast = torch.jit.optimize_for_inference(traced)
        return lambda: fast(images)

    return {"eager": eager, "channels_last": channels_last, "frozen": frozen}


def main():
    name, batch, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    torch.set_num_threads(1)
    makers = forms_of(name, batch)
    with torch.inference_mode():
        forms = {form: makers[form]() for form in wanted}
        for form in forms.values():
            for _ in range(WARM_UP):
                output = form()
        print(json.dumps({"forms": wanted, "output": list(output.shape)}), flush=True)
        for line in sys.stdin:
            form, passes = line.split()
            seconds = []
            for _ in range(int(passes)):
                begin = time.thread_time()
                forms[form]()
                seconds.append(time.thread_time() - begin)
            print(json.dumps({"seconds": seconds}), flush=True)


main()
