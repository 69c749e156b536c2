"""An invented city. Its postcode area, WX, is not in use."""

CITY = "Wexbridge"

# Team name -> (area, outward postcode, streets); each visitor of a team mostly works in one of its areas.
AREAS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "Netherby": (
        (
            "Netherby",
            "WX2",
            (
                "Acre Road",
                "Tanner Row",
                "Kingfisher Close",
                "Old Foundry Street",
                "Lamplight Terrace",
                "Netherby Green",
                "Weavers Walk",
                "Bobbin Street",
                "Cobbler Lane",
            ),
        ),
        (
            "Canal Side",
            "WX3",
            (
                "Towpath Street",
                "Lock Keeper Way",
                "Bargee Road",
                "Winding Hole",
                "Puddle Dock",
                "Heron Wharf",
                "Coal Drop Lane",
                "Slipway Court",
            ),
        ),
        (
            "Hatherley Green",
            "WX4",
            (
                "Hatherley Rise",
                "Thistle Bank",
                "Long Meadow Drive",
                "Orchard Steps",
                "Damson Grove",
                "Plover Road",
                "Haymaker Avenue",
                "Dovecote Lane",
            ),
        ),
    ),
    "Millfield": (
        (
            "Millfield",
            "WX5",
            (
                "Millrace Road",
                "Grindstone Street",
                "Hopper Lane",
                "Sluice Gate",
                "Flour Sack Row",
                "Barley Street",
                "Windlass Way",
                "Chaff Close",
            ),
        ),
        (
            "Saltergate",
            "WX6",
            (
                "Saltergate Hill",
                "Pack Horse Lane",
                "Saddler Street",
                "Drovers End",
                "Toll Bar Road",
                "Lantern Yard",
                "Milestone Terrace",
                "Ostler Place",
            ),
        ),
        (
            "Uplands",
            "WX7",
            (
                "Beacon Crescent",
                "Skylark Road",
                "Heather Brow",
                "Cairn Street",
                "Windmill Top",
                "Bracken Way",
                "Quarry Edge",
                "Curlew Gardens",
            ),
        ),
    ),
}

POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
