# Made the files of this folder: by scipy and h5py, not by us. Not run by the build.
import h5py
import numpy as np
from scipy.io import savemat

wake = np.array([[0, 20], [61, 80]], dtype=np.uint16)
micro = np.array([[41, 43]], dtype=np.uint16)
nrem = np.array([[21, 40], [44, 50]], dtype=np.uint16)
rem = np.array([[51, 60]], dtype=np.uint16)
ints = {"WAKEstate": wake, "NREMstate": nrem, "REMstate": rem, "MAstate": micro, "NREMepisode": nrem}
detector = {"detectorname": "SleepScoreMaster", "StatePlotMaterials": {"t_clus": np.arange(80.0)}}
savemat("buzcode.SleepState.states.mat", {"SleepState": {"ints": ints, "detectorinfo": detector}}, do_compression=True)
savemat("buzcode_old_SleepScore.mat", {"StateIntervals": {k: v.astype(float) for k, v in ints.items()}})
savemat("accusleep_labels.mat", {"labels": np.array([2, 2, 3, 3, 1, 1, 4, 2], dtype=float).reshape(-1, 1)})
savemat("no_scoring.mat", {"EEG": np.arange(10.0), "labels_of_channels": "abc"})
savemat("one_column.mat", {"SleepState": {"ints": {"WAKEstate": np.arange(5.0).reshape(-1, 1)}}})
savemat("backwards.mat", {"SleepState": {"ints": {"WAKEstate": np.array([[0.0, 10.0]]), "REMstate": np.array([[30.0, 12.0]])}}})
savemat("overlap.mat", {"SleepState": {"ints": {"WAKEstate": np.array([[0.0, 10.0]]), "REMstate": np.array([[5.0, 12.0]])}}})
savemat("text.mat", {"labels": "WWNR"})

# MATLAB 7.3 is HDF5 behind 512 bytes of text; what MATLAB itself writes has these attributes.
name = "accusleep_labels_v73.mat"
with h5py.File(name, "w", userblock_size=512) as file:
    data = file.create_dataset("labels", data=np.array([[2, 2, 3, 3, 1, 1, 4, 2]], dtype=float))
    data.attrs["MATLAB_class"] = np.bytes_("double")
with open(name, "r+b") as file:
    file.write(b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + (0x0200).to_bytes(2, "little") + b"IM")
