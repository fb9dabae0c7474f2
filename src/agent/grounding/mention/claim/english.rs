//! What was done, in English: never "we are fully booked", "shall I book it", "once it is booked", "you are already booked".

use std::sync::LazyLock;

use super::{Around, Table};
use crate::agent::grounding::mention::Deed;
use crate::language::Language;

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(ROWS, &AROUND, Language::English));

const ROWS: &[(Deed, &[&str])] = &[
    (
        Deed::OnWaitingList,
        &[
            "youre|you_are|youve_been|you_have_been|your_name_is|your_name_has_been|shes|hes|she_is|he_is ?now|just|also|all|put|added|placed|set|back on|to|onto the|our|a|his|her *4 waiting_list|waitlist|wait_list",
            "i|we|ive|weve|i_have|we_have ?now|just|also|already|gone|went|ahead|and put|added|placed|got you|him|her|them|your *3 on|to|onto *5 waiting_list|waitlist|wait_list",
        ],
    ),
    (
        Deed::Booked,
        &[
            "youre|you_are|youve_been|you_have_been|shes|hes|she_is|he_is|theyre|they_are|she_has_been|he_has_been ?now|all|just|officially|successfully|both booked",
            "youve_been|you_have_been|she_has_been|he_has_been ?now|all|just|officially|successfully scheduled|confirmed",
            "youre|you_are|were|we_are ?now|all set|confirmed for",
            "its|it_is|thats|that_is|everythings|everything_is|everything_has_been|its_been|it_has_been|thats_been|that_has_been|that_time_is|that_slot_is ?now|all|just|officially|successfully booked|reserved_for_you",
            "its_been|it_has_been|thats_been|that_has_been ?now|all|just|officially|successfully scheduled|reserved",
            "your|the|that|this|his|her|their ?new|next|first|phone|follow|up|follow-up appointment|appointments|visit|checkup|consultation|booking|spot|slot|time *14 is|are|is_now|was|has_been|have_been ?now|all|just|officially|successfully booked|confirmed|reserved_for_you",
            "your|the|that|this|his|her|their ?new|next|first|phone|follow|up|follow-up appointment|appointments|visit|checkup|consultation|booking|spot|slot *14 has_been|have_been ?now|all|just|officially|successfully scheduled|reserved|made|set|created",
            "i_have|i_got|ive_got|we_have|we_got|weve_got|ive|weve ?now|just|already|gotten you|your_appointment|him|her|them|that|it|everything ?all|in|and booked",
            "i_got|ive_got|we_got|weve_got ?now|just you|him|her|them ?all scheduled|set_up",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|went|ahead|and booked|scheduled|reserved you|your|that|it|the|an|a|him|her|them|this|both|everything",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|ahead|and made|created|arranged|set ?up|you|your|the|an|a|new|that *1 appointment|booking|reservation",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|ahead|and confirmed ?your|the|that|this|new|next appointment|booking|visit|spot|slot",
            "ive|weve|i_have|we_have ?now|just|also|already|gone|ahead|and put|penciled|pencilled you|him|her|them ?down|in for",
        ],
    ),
    (
        Deed::Moved,
        &[
            "your|the|that|this|his|her|their ?next|phone|follow|up appointment|appointments|visit|checkup|consultation|booking *14 is|are|is_now|was|has_been|have_been ?now|all|just|successfully moved|rescheduled",
            "your|the|that|this|his|her|their ?next|phone|follow|up appointment|appointments|visit|checkup|consultation|booking *14 has_been|have_been ?now|all|just|successfully changed|switched|pushed|updated",
            "its|it_is|thats|that_is|its_been|it_has_been|thats_been|that_has_been|everythings|everything_is ?now|all|just|successfully moved|rescheduled",
            "youve_been|you_have_been|youre|you_are ?now|all|just moved|rescheduled to|for|from",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|went|ahead|and moved|rescheduled|pushed you|your|that|it|the|him|her|them|this",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|ahead|and changed|switched|updated ?you|your|that|the|his|her|their|time|of|visit *1 appointment|booking|visit",
        ],
    ),
    (
        Deed::Cancelled,
        &[
            "your|the|that|this|his|her|their|both ?next|phone|follow|up appointment|appointments|visit|checkup|consultation|booking *14 is|are|is_now|was|has_been|have_been ?now|all|just|successfully cancelled|canceled",
            "its|it_is|thats|that_is|its_been|it_has_been|thats_been|that_has_been|everythings|everything_is ?now|all|just|successfully cancelled|canceled",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|went|ahead|and cancelled|canceled you|your|that|it|the|him|her|them|this|both",
        ],
    ),
    (
        Deed::Registered,
        &[
            "youre|you_are|youve_been|you_have_been|shes|hes|she_is|he_is ?now|all|just|officially|successfully|fully registered|signed_up",
            "your|the|his|her registration ?form|request is|has_been ?now|all|just|successfully complete|completed|done|submitted|sent|passed",
            "i|we|ive|weve|i_have|we_have ?have|now|just|also|already|successfully|gone|ahead|and registered|signed you|your|him|her|them",
        ],
    ),
    (
        Deed::MessageLeft,
        &[
            "ive|weve|i_have|we_have|i_just|i ?now|just|also|already|gone|ahead|and passed|sent|forwarded|relayed|left|delivered|submitted|saved|taken ?that|this|it|on|along|a|the|your|down|over|for|them|doctor|dr|staff|clinic *1 message|request",
            "ive|weve|i_have|we_have|i_just|i ?now|just|also|already|gone|ahead|and passed|forwarded|relayed|sent|given|submitted your|the|that|this|it|everything|all|his|her *6 on|along|to",
            "ive|weve|i_have|we_have|i_just ?now|just|also|already let the|our|your|dr|doctor|them *2 know",
            "ive|weve|i_have|we_have|i_just ?now|just|also|already notified|informed|alerted|told the|our|your|dr|doctor|them",
            "your|the|that|this|his|her message|request|note *4 is|has_been|was ?now|just|successfully|been passed|sent|forwarded|relayed|delivered|left|taken|saved|recorded|submitted|on_its_way",
            "its|its_been|thats_been|it_has_been|that_has_been ?now|just passed|sent|forwarded|relayed ?on|along to|on|along",
        ],
    ),
    (Deed::Unnamed, &["youre|you_are|everythings|everything_is ?now|then all_set|good_to_go|all_done|taken_care_of"]),
];

const AROUND: Around = Around {
    denied: "not never no isnt arent wasnt werent hasnt havent dont doesnt didnt cant couldnt wont wouldnt shouldnt cannot neither \
             nothing nobody sure whether before after",
    stood: "see sees looks shows show already still currently fully completely unfortunately",
    hangs: "if once unless until when whenever till as_soon_as",
    others: "sorry_that_time sorry_that_slot sorry_that_spot sorry_but_that_time sorry_but_that_slot sorry_but_that_spot",
    again: "once_again once_more",
    behind: "",
    asks: "is are was were has have had did do does shall should can could would will what which who how why where when am",
    otherwise: "up solid out by until till through elsewhere online yourself",
};
