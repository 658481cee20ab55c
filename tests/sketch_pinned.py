"""The golden prompts: every style, meter and kind of ending, and what their samples are.

A change of any of these digests is another model, once there was a release.
"""

from __future__ import annotations

GOLDEN = {
    ("Calm lo-fi hip hop, vinyl crackle, piano, 80 BPM", "4", 1, 0, False):
        "c833f0d88328a9e4c79df1d6f07cc427b5b00d7d78f26b840669299d242ea98c",
    ("Upbeat jazz with piano and double bass, 120 BPM, swing feel", "3.5", 2, 7, False):
        "593280926342ac76eaf12ecf75d46f61f8ef2b5360bbbd0811cc391e8e8ec522",
    ("High energy rock, electric guitar riff, 140 BPM", "3", 1, 0, True):
        "7d1b86c996d0e45d6d0b88247232ebbf876bb5fc2b7ef6ac2bc92128ec204c08",
    ("Epic orchestral film score, rising tension, full strings and brass", "5", 3, 0, False):
        "3ca1636a9c2d97229411cb9f346f93131e3087c4d84d8cb16e73c6959973442c",
    ("Soft ambient background music, minimal, piano and pads", "4", 1, 0, False):
        "cd7a26e59644915ce19eeb8d0114dde39a453866ecadb8772a5f718d09350b38",
    ("Upbeat workout music with driving synths, 128 BPM", "3", 1, 0, False):
        "63c8b088b6e3134d90efbc1884bd44b820a19b298c440268960d339ef5e4808a",
    ("Uplifting corporate background for a product presentation", "4", 1, 0, False):
        "e402f6e07493409b35d79a685e973daf05e716d41573a821d87eff220ddbce21",
    ("1980s synthwave in F# minor, driving", "3", 1, 0, False):
        "e11f3c31f0b39dc35285b90e24acbf0d939319f16109367c54c2807a5f3d25f0",
    ("Irish jig with fiddle and accordion", "3", 1, 0, True):
        "a3b6cf07423ba032f908ea810fc24013bb74753fe700846f87f901914a439c11",
    ("Chiptune platformer in C major", "3", 1, 0, False):
        "039ad460f95a3060f6dc1076ce1d791e6c0dff21fb1a6e04f02396e0555ca7fc",
    ("Dark hip hop with 808s, no piano", "3", 2, 0, False):
        "d46f4bccdefd836ce2baa7e1265f3db9adbf23d678443a7094be41eea8f29f72",
    ("A walk in the park, no drums", "2.5", 1, 0, False):
        "e3d4bf71712eca7b5384544438530bb4630554f4d99bb3db32dc043ad8d6bead",
    ("Hypnotic warehouse techno, 130 BPM", "3.7", 1, 0, True):
        "fb1dd6509e652c4a1e3edc12db351709dc4a609dd82ebe976150455b35da6ec9",
    ("Liquid drum and bass in G minor", "3", 1, 3, False):
        "723763182fdc6b96ccc8b65c048c33ca47f393f431cc848ea1ddcb93ddc65120",
    ("Thrash metal in D minor, 160 BPM", "3", 1, 0, False):
        "ed6191b09c6ca78ee38e6786b0baed181d4aee2e01ccebf0e055037d488511db",
    ("Americana folk song by a campfire", "3", 1, 0, False):
        "1a04a239f00edf86f53cc948ac50505857d5bd9acd5a929814076d43dfa37ca4",
    ("Renaissance dance in D dorian, 3/4", "3", 1, 0, False):
        "faec0e191403a78ba3496bf3ca3c2b00eceeee6266377c1b3da6a4856ce0c891",
    ("A lullaby on a music box", "4", 1, 0, False):
        "e6563949a454d91a5995a65e550bfabc4f0c971de07c20e9e0071bf6b7caf446",
    ("Funky groove with slap bass", "3", 1, 0, False):
        "01a8e6518e0550370c327167bc8ba7b89d1295212e60461689a2adecaf8a7bd8",
    ("Salsa for a street fiesta", "3", 1, 0, False):
        "798af8766dc50302b60d31e80cf3324f4a80d3efc0aef55a3c045ad264407663",
    ("Dub in A minor, 72 BPM", "3.33", 1, 0, True):
        "9a37161e398488595e5253fa786a80e7a68c8473d1bc8cbbf89665eb68222474",
    ("Catchy feel-good pop for a summer vlog", "3", 1, 0, False):
        "05ad0009ccf57d76890aa74a694181857702db645c271afc80ecfdba46669187",
    ("Creepy horror in a haunted house", "4", 1, 0, False):
        "66fc1efd106feba53e890d41debfbfa639f6de51561532d1da0594317f61229a",
    ("Suspenseful thriller, a countdown", "3", 2, 0, False):
        "8219bb50dafa350454461c9f10889f26a062b662efdb91c38da67c2cdd8fb3c6",
    ("A sad solo piano piece, slow", "4", 1, 0, False):
        "e2ed1b20fdf3e549ca0daeec011feca74323500e81690ca938780d71db47f0da",
    ("Trance in A minor, 126 BPM, building", "3", 1, 0, True):
        "cc383c12067b9bd4032be71f56bf41ea40aac1054d43cbc6af5fdda012ef537e",
    ("Bright and happy, 6/8, 60 BPM, with flute and choir", "4", 1, 0, False):
        "820602aa06a9b50e71983fd22ff2656d6ae884bcce388bd1499b7ac66928dfbb",
    ("Bossa nova in F major, no drums", "3.21", 1, 0, False):
        "838b1a469f1d0301fff2d0b52bec1270b12dc0b2d928eed12dc1fae3bade777b",
}  # fmt: skip
"""SHA-256 of the samples, little-endian, by prompt, seconds, take, seed and whether it loops."""
