//! What was done, in French: « c'est réservé », « votre rendez-vous est annulé », « votre message est transmis ».
//!
//! « C'est noté » by itself is no more than "I see"; before a day it is a booking.

use std::sync::LazyLock;

use super::{Around, Table};
use crate::agent::grounding::mention::Deed;
use crate::language::Language;

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(ROWS, &AROUND, Language::French));

const ROWS: &[(Deed, &[&str])] = &[
    (
        Deed::OnWaitingList,
        &[
            "vous_êtes|vous_avez_été|votre_nom_est|votre_nom_a_été|il_est|elle_est ?maintenant|bien|aussi|ajouté|ajoutée|inscrit|inscrite|placé|placée|mis|mise sur|à|dans la|notre|une liste_d'attente",
            "je_vous_ai|nous_vous_avons|on_vous_a|je_l'ai|j'ai ?bien|aussi|maintenant|déjà mis|mise|ajouté|ajoutée|inscrit|inscrite|placé|placée *3 sur|à|dans *1 liste_d'attente",
        ],
    ),
    (
        Deed::Booked,
        &[
            "c'est|tout_est|il_est|elle_est ?bien|maintenant|tout|donc réservé|réservée|booké",
            "c'est ?bien|maintenant|donc noté|confirmé ?pour|le|ce|à lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|après-demain",
            "votre|le|ce|la|cette|vos|son ?prochain|premier|nouveau|deux rendez-vous|visite|consultation|suivi *14 est|sont|a_été|ont_été ?bien|maintenant|tout|donc|aussi réservé|réservée|réservés|confirmé|confirmée|confirmés|pris|prise|booké|noté|notée",
            "votre|le|ce|la|cette|vos|son ?prochain|premier|nouveau|deux rendez-vous|visite|consultation|suivi *14 a_été|ont_été ?bien|maintenant|donc|aussi fixé|fixée|planifié|planifiée|enregistré|enregistrée|créé",
            "vous_êtes ?bien|maintenant|donc|tout booké|bookée|confirmé|confirmée pour|le|avec|à",
            "j'ai|nous_avons|on_a|je_vous_ai|nous_vous_avons|on_vous_a ?bien|maintenant|déjà|aussi|donc réservé|réservée|booké",
            "je_l'ai|je_vous_l'ai|nous_l'avons|nous_vous_l'avons ?bien|maintenant|déjà|aussi|donc réservé|réservée|booké|fixé|planifié",
            "j'ai|nous_avons|on_a|je_vous_ai|nous_vous_avons|on_vous_a ?bien|maintenant|déjà|aussi|donc pris|fixé|confirmé|planifié|créé|enregistré ?pour_vous|votre|un|une|le|la|ce|cette *1 rendez-vous|consultation|visite",
            "je_vous_ai|nous_vous_avons ?bien|maintenant|déjà|aussi|donc mis|mise|inscrit|inscrite|noté|placé|placée|fixé|confirmé ?pour|à|au|le|ce|un_rendez-vous lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|après-demain",
        ],
    ),
    (
        Deed::Moved,
        &[
            "votre|le|ce|la|cette|vos|son ?prochain rendez-vous|visite|consultation|suivi *14 est|sont|a_été|ont_été ?bien|maintenant|donc|aussi déplacé|déplacée|déplacés|reporté|reportée|devancé|devancée",
            "votre|le|ce|la|cette|vos|son ?prochain rendez-vous|visite|consultation|suivi *14 a_été|ont_été ?bien|maintenant|donc|aussi changé|changée|modifié|modifiée|remis",
            "votre rendez-vous est maintenant|désormais|dorénavant le|à|au|fixé|prévu|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain",
            "c'est|il_est|il_a_été|elle_est|elle_a_été ?bien|maintenant|donc déplacé|déplacée|reporté|reportée|devancé",
            "j'ai|je_l'ai|je_vous_l'ai|nous_avons|nous_l'avons|on_a|je_vous_ai ?bien|maintenant|déjà|aussi|donc déplacé|déplacée|reporté|reportée|devancé|devancée",
            "j'ai|nous_avons|on_a ?bien|maintenant|déjà|aussi|donc changé|modifié ?l'heure_de|la_date_de votre|le|la|ce|cette rendez-vous|consultation|visite",
        ],
    ),
    (
        Deed::Cancelled,
        &[
            "votre|le|ce|la|cette|vos|son|les ?prochain|deux rendez-vous|visite|consultation|suivi *14 est|sont|a_été|ont_été|vient_d'être ?bien|maintenant|donc|aussi annulé|annulée|annulés",
            "c'est|il_est|il_a_été|elle_est|elle_a_été ?bien|maintenant|donc annulé|annulée",
            "j'ai|je_l'ai|je_vous_l'ai|nous_avons|nous_l'avons|on_a|je_vous_ai ?bien|maintenant|déjà|aussi|donc annulé|annulée|annulés",
        ],
    ),
    (
        Deed::Registered,
        &[
            "vous_êtes|vous_avez_été|il_est|elle_est ?bien|maintenant|officiellement|donc inscrit|inscrite",
            "votre|l'|la|son inscription *3 est|a_été ?bien|maintenant|donc faite|complète|complétée|terminée|confirmée|envoyée|transmise|enregistrée",
            "je_vous_ai|je_l'ai|nous_vous_avons ?bien|maintenant|déjà|donc inscrit|inscrite",
        ],
    ),
    (
        Deed::MessageLeft,
        &[
            "c'est|tout_est ?bien|maintenant|donc|déjà transmis|envoyé",
            "votre|le|ce|son message *4 est|a_été ?bien|maintenant|donc|déjà transmis|envoyé|enregistré|noté|pris|laissé|acheminé|remis",
            "votre|la|cette demande *4 est|a_été ?bien|maintenant|donc|déjà transmise|envoyée|acheminée|enregistrée",
            "j'ai|je_l'ai|je_leur_ai|je_lui_ai|nous_avons|on_a ?bien|maintenant|déjà|aussi|donc transmis|transmise|acheminé",
            "j'ai|nous_avons|on_a ?bien|maintenant|déjà|aussi|donc envoyé|laissé|enregistré|pris|remis votre|un|le|ce *1 message",
            "j'ai|nous_avons|on_a ?bien|maintenant|déjà|aussi|donc avisé|informé|prévenu|averti le|la|l'|les|notre|votre|docteur|dr",
        ],
    ),
    (Deed::Unnamed, &["c'est|tout_est ?bien|maintenant|donc confirmé|réglé"]),
];

const AROUND: Around = Around {
    denied: "ne n pas jamais aucun aucune rien ni vérifier avant_que",
    stood: "déjà encore actuellement vois voit voyons semble indique",
    hangs: "si lorsque lorsqu quand une_fois dès_que aussitôt jusqu'à_ce avant_que après_que s'il_est s'il_a",
    others: "",
    again: "encore_une_fois",
    behind: "",
    asks: "est quand comment quel quelle quelles quels pourquoi où combien avez êtes puis-je pouvez voulez souhaitez aimeriez dois-je a-t-il",
    otherwise: "aux par ailleurs d'ici",
};
