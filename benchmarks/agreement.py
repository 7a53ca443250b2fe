"""How far two ways of computing are apart on the same images: scores, classes, cells that only one counts."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from napari_hemalens.evaluation.detection_metrics import box_iou
from napari_hemalens.records.detections import Detections

SAME_PLACE = 0.9  # IoU
NEAR = 1e-3  # of the threshold: what is so near may fall on either side


@dataclass
class Difference:
    """How far two ways of computing are apart on some images."""

    cells: int = 0
    score: float = 0.0
    probability: float = 0.0
    classes: int = 0
    at_threshold: int = 0
    otherwise: int = 0

    def add(self, one: Detections, two: Detections, threshold: float) -> None:
        """Take in what both found in an image."""
        overlap = box_iou(one.boxes, two.boxes)
        first, second = linear_sum_assignment(overlap, maximize=True)
        there = overlap[first, second] >= SAME_PLACE
        first, second = first[there], second[there]
        scores = one.scores[first], two.scores[second]
        counted = tuple(each >= threshold for each in scores)
        near = np.maximum(*(np.abs(each - threshold) for each in scores)) <= NEAR
        self.cells += int((one.scores >= threshold).sum())
        self.score = max(self.score, float(np.abs(scores[0] - scores[1]).max(initial=0)))
        self.at_threshold += int((near & (counted[0] != counted[1])).sum())
        alone = np.concatenate([np.delete(one.scores, first), np.delete(two.scores, second)]) >= threshold
        self.otherwise += int((~near & (counted[0] != counted[1])).sum() + alone.sum())
        both = counted[0] & counted[1]
        self.classes += int((one.class_names[first] != two.class_names[second])[both].sum())
        if one.naming is not None and two.naming is not None:
            apart = np.abs(one.naming.probabilities[first] - two.naming.probabilities[second])[both]
            self.probability = max(self.probability, float(np.nan_to_num(apart).max(initial=0)))
