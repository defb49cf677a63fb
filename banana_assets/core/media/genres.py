"""Words for genres: what media call the sort of a recording."""

from __future__ import annotations

_MUSIC = (
    "Blues; Classic Rock; Country; Dance; Disco; Funk; Grunge; Hip-Hop; Jazz; Metal; New Age; Oldies; Other; Pop; "
    "R&B; Rap; Reggae; Rock; Techno; Industrial; Alternative; Ska; Death Metal; Pranks; Soundtrack; Euro-Techno; "
    "Ambient; Trip-Hop; Vocal; Jazz+Funk; Fusion; Trance; Classical; Instrumental; Acid; House; Game; Sound Clip; "
    "Gospel; Noise; Alt. Rock; Bass; Soul; Punk; Space; Meditative; Instrumental Pop; Instrumental Rock; Ethnic; "
    "Gothic; Darkwave; Techno-Industrial; Electronic; Pop-Folk; Eurodance; Dream; Southern Rock; Comedy; Cult; "
    "Gangsta Rap; Top 40; Christian Rap; Pop/Funk; Jungle; Native American; Cabaret; New Wave; Psychedelic; Rave; "
    "Showtunes; Trailer; Lo-Fi; Tribal; Acid Punk; Acid Jazz; Polka; Retro; Musical; Rock & Roll; Hard Rock; "
    "Folk; Folk-Rock; National Folk; Swing; Fast-Fusion; Bebop; Latin; Revival; Celtic; Bluegrass; Avantgarde; "
    "Gothic Rock; Progressive Rock; Psychedelic Rock; Symphonic Rock; Slow Rock; Big Band; Chorus; Easy "
    "Listening; Acoustic; Humour; Speech; Chanson; Opera; Chamber Music; Sonata; Symphony; Booty Bass; Primus; "
    "Porn Groove; Satire; Slow Jam; Club; Tango; Samba; Folklore; Ballad; Power Ballad; Rhythmic Soul; Freestyle; "
    "Duet; Punk Rock; Drum Solo; A Cappella; Euro-House; Dance Hall; Goa; Drum & Bass; Club-House; Hardcore; "
    "Terror; Indie; BritPop; Afro-Punk; Polsk Punk; Beat; Christian Gangsta Rap; Heavy Metal; Black Metal; "
    "Crossover; Contemporary Christian; Christian Rock; Merengue; Salsa; Thrash Metal; Anime; JPop; Synthpop; "
    "Abstract; Art Rock; Baroque; Bhangra; Big Beat; Breakbeat; Chillout; Downtempo; Dub; EBM; Eclectic; Electro; "
    "Electroclash; Emo; Experimental; Garage; Global; IDM; Illbient; Industro-Goth; Jam Band; Krautrock; "
    "Leftfield; Lounge; Math Rock; New Romantic; Nu-Breakz; Post-Punk; Post-Rock; Psytrance; Shoegaze; Space "
    "Rock; Trop Rock; World Music; Neoclassical; Audiobook; Audio Theatre; Neue Deutsche Welle; Podcast; Indie "
    "Rock; G-Funk; Dubstep; Garage Rock; Psybient"
)
"""The genres of ID3v1 with Winamp's additions, in their numbered order (https://en.wikipedia.org/wiki/ID3#Genre_list_in_ID3v1)."""

_PODCASTS = (
    "Arts; Books; Design; Fashion & Beauty; Food; Performing Arts; Visual Arts; Business; Careers; "
    "Entrepreneurship; Investing; Management; Marketing; Non-Profit; Comedy; Comedy Interviews; Improv; Stand-Up; "
    "Education; Courses; How To; Language Learning; Self-Improvement; Fiction; Comedy Fiction; Drama; Science "
    "Fiction; Government; History; Health & Fitness; Alternative Health; Fitness; Medicine; Mental Health; "
    "Nutrition; Sexuality; Kids & Family; Education for Kids; Parenting; Pets & Animals; Stories for Kids; "
    "Leisure; Animation & Manga; Automotive; Aviation; Crafts; Games; Hobbies; Home & Garden; Video Games; Music; "
    "Music Commentary; Music History; Music Interviews; News; Business News; Daily News; Entertainment News; News "
    "Commentary; Politics; Sports News; Tech News; Religion & Spirituality; Buddhism; Christianity; Hinduism; "
    "Islam; Judaism; Religion; Spirituality; Science; Astronomy; Chemistry; Earth Sciences; Life Sciences; "
    "Mathematics; Natural Sciences; Nature; Physics; Social Sciences; Society & Culture; Documentary; Personal "
    "Journals; Philosophy; Places & Travel; Relationships; Sports; Baseball; Basketball; Cricket; Fantasy Sports; "
    "Football; Golf; Hockey; Rugby; Running; Soccer; Swimming; Tennis; Volleyball; Wilderness; Wrestling; "
    "Technology; True Crime; TV & Film; After Shows; Film History; Film Interviews; Film Reviews; TV Reviews"
)
"""Apple's categories of podcasts, which feeds carry (https://podcasters.apple.com/support/1691-apple-podcasts-categories)."""

_VIDEO = (
    "Action; Adventure; Animation; Biography; Children; Concert; Crime; Family; Fantasy; Horror; Musical; "
    "Mystery; Reality; Romance; Short Film; Talk Show; Thriller; War; Western; Lecture; Tutorial; Interview; Vlog"
)
"""Common genres of films, series and other video that are no genre of the other two."""

GENRES = tuple(dict.fromkeys("; ".join((_MUSIC, _PODCASTS, _VIDEO)).split("; ")))
"""All of them, each once."""
