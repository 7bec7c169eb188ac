//! Countries: ISO 3166-1 codes and the names people write.
//!
//! Source of the codes: ISO 3166-1, and `XK`/`XKX`, which the European Union uses for Kosovo within
//! the range that ISO leaves to its users. Names are English short names and common others.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Alpha-2 code, alpha-3 code, and names separated by `|`, the usual one first.
#[rustfmt::skip]
const COUNTRIES: [(&str, &str, &str); 250] = [
    ("AF", "AFG", "Afghanistan"),
    ("AX", "ALA", "Åland Islands|Aland Islands"),
    ("AL", "ALB", "Albania"),
    ("DZ", "DZA", "Algeria"),
    ("AS", "ASM", "American Samoa"),
    ("AD", "AND", "Andorra"),
    ("AO", "AGO", "Angola"),
    ("AI", "AIA", "Anguilla"),
    ("AQ", "ATA", "Antarctica"),
    ("AG", "ATG", "Antigua and Barbuda"),
    ("AR", "ARG", "Argentina"),
    ("AM", "ARM", "Armenia"),
    ("AW", "ABW", "Aruba"),
    ("AU", "AUS", "Australia"),
    ("AT", "AUT", "Austria"),
    ("AZ", "AZE", "Azerbaijan"),
    ("BS", "BHS", "Bahamas"),
    ("BH", "BHR", "Bahrain"),
    ("BD", "BGD", "Bangladesh"),
    ("BB", "BRB", "Barbados"),
    ("BY", "BLR", "Belarus"),
    ("BE", "BEL", "Belgium"),
    ("BZ", "BLZ", "Belize"),
    ("BJ", "BEN", "Benin"),
    ("BM", "BMU", "Bermuda"),
    ("BT", "BTN", "Bhutan"),
    ("BO", "BOL", "Bolivia|Bolivia, Plurinational State of"),
    ("BQ", "BES", "Bonaire, Sint Eustatius and Saba|Caribbean Netherlands"),
    ("BA", "BIH", "Bosnia and Herzegovina|Bosnia"),
    ("BW", "BWA", "Botswana"),
    ("BV", "BVT", "Bouvet Island"),
    ("BR", "BRA", "Brazil|Brasil"),
    ("IO", "IOT", "British Indian Ocean Territory"),
    ("BN", "BRN", "Brunei Darussalam|Brunei"),
    ("BG", "BGR", "Bulgaria"),
    ("BF", "BFA", "Burkina Faso"),
    ("BI", "BDI", "Burundi"),
    ("CV", "CPV", "Cabo Verde|Cape Verde"),
    ("KH", "KHM", "Cambodia"),
    ("CM", "CMR", "Cameroon"),
    ("CA", "CAN", "Canada"),
    ("KY", "CYM", "Cayman Islands"),
    ("CF", "CAF", "Central African Republic"),
    ("TD", "TCD", "Chad"),
    ("CL", "CHL", "Chile"),
    ("CN", "CHN", "China|People's Republic of China"),
    ("CX", "CXR", "Christmas Island"),
    ("CC", "CCK", "Cocos (Keeling) Islands|Cocos Islands"),
    ("CO", "COL", "Colombia"),
    ("KM", "COM", "Comoros"),
    ("CG", "COG", "Congo|Republic of the Congo|Congo-Brazzaville"),
    ("CD", "COD", "Congo, Democratic Republic of the|Democratic Republic of the Congo|DR Congo|Congo-Kinshasa|Congo, The Democratic Republic of the"),
    ("CK", "COK", "Cook Islands"),
    ("CR", "CRI", "Costa Rica"),
    ("CI", "CIV", "Côte d'Ivoire|Cote d'Ivoire|Ivory Coast"),
    ("HR", "HRV", "Croatia"),
    ("CU", "CUB", "Cuba"),
    ("CW", "CUW", "Curaçao|Curacao"),
    ("CY", "CYP", "Cyprus"),
    ("CZ", "CZE", "Czechia|Czech Republic"),
    ("DK", "DNK", "Denmark"),
    ("DJ", "DJI", "Djibouti"),
    ("DM", "DMA", "Dominica"),
    ("DO", "DOM", "Dominican Republic"),
    ("EC", "ECU", "Ecuador"),
    ("EG", "EGY", "Egypt"),
    ("SV", "SLV", "El Salvador"),
    ("GQ", "GNQ", "Equatorial Guinea"),
    ("ER", "ERI", "Eritrea"),
    ("EE", "EST", "Estonia"),
    ("SZ", "SWZ", "Eswatini|Swaziland"),
    ("ET", "ETH", "Ethiopia"),
    ("FK", "FLK", "Falkland Islands|Falkland Islands (Malvinas)"),
    ("FO", "FRO", "Faroe Islands"),
    ("FJ", "FJI", "Fiji"),
    ("FI", "FIN", "Finland"),
    ("FR", "FRA", "France"),
    ("GF", "GUF", "French Guiana"),
    ("PF", "PYF", "French Polynesia"),
    ("TF", "ATF", "French Southern Territories"),
    ("GA", "GAB", "Gabon"),
    ("GM", "GMB", "Gambia"),
    ("GE", "GEO", "Georgia"),
    ("DE", "DEU", "Germany|Deutschland"),
    ("GH", "GHA", "Ghana"),
    ("GI", "GIB", "Gibraltar"),
    ("GR", "GRC", "Greece"),
    ("GL", "GRL", "Greenland"),
    ("GD", "GRD", "Grenada"),
    ("GP", "GLP", "Guadeloupe"),
    ("GU", "GUM", "Guam"),
    ("GT", "GTM", "Guatemala"),
    ("GG", "GGY", "Guernsey"),
    ("GN", "GIN", "Guinea"),
    ("GW", "GNB", "Guinea-Bissau"),
    ("GY", "GUY", "Guyana"),
    ("HT", "HTI", "Haiti"),
    ("HM", "HMD", "Heard Island and McDonald Islands"),
    ("VA", "VAT", "Holy See|Vatican City|Vatican|Holy See (Vatican City State)"),
    ("HN", "HND", "Honduras"),
    ("HK", "HKG", "Hong Kong"),
    ("HU", "HUN", "Hungary"),
    ("IS", "ISL", "Iceland"),
    ("IN", "IND", "India"),
    ("ID", "IDN", "Indonesia"),
    ("IR", "IRN", "Iran|Iran, Islamic Republic of"),
    ("IQ", "IRQ", "Iraq"),
    ("IE", "IRL", "Ireland|Republic of Ireland|Eire"),
    ("IM", "IMN", "Isle of Man"),
    ("IL", "ISR", "Israel"),
    ("IT", "ITA", "Italy|Italia"),
    ("JM", "JAM", "Jamaica"),
    ("JP", "JPN", "Japan"),
    ("JE", "JEY", "Jersey"),
    ("JO", "JOR", "Jordan"),
    ("KZ", "KAZ", "Kazakhstan"),
    ("KE", "KEN", "Kenya"),
    ("KI", "KIR", "Kiribati"),
    ("KP", "PRK", "Korea, Democratic People's Republic of|North Korea"),
    ("KR", "KOR", "Korea, Republic of|South Korea|Republic of Korea|Korea"),
    ("KW", "KWT", "Kuwait"),
    ("KG", "KGZ", "Kyrgyzstan"),
    ("LA", "LAO", "Lao People's Democratic Republic|Laos"),
    ("LV", "LVA", "Latvia"),
    ("LB", "LBN", "Lebanon"),
    ("LS", "LSO", "Lesotho"),
    ("LR", "LBR", "Liberia"),
    ("LY", "LBY", "Libya"),
    ("LI", "LIE", "Liechtenstein"),
    ("LT", "LTU", "Lithuania"),
    ("LU", "LUX", "Luxembourg"),
    ("MO", "MAC", "Macao|Macau"),
    ("MG", "MDG", "Madagascar"),
    ("MW", "MWI", "Malawi"),
    ("MY", "MYS", "Malaysia"),
    ("MV", "MDV", "Maldives"),
    ("ML", "MLI", "Mali"),
    ("MT", "MLT", "Malta"),
    ("MH", "MHL", "Marshall Islands"),
    ("MQ", "MTQ", "Martinique"),
    ("MR", "MRT", "Mauritania"),
    ("MU", "MUS", "Mauritius"),
    ("YT", "MYT", "Mayotte"),
    ("MX", "MEX", "Mexico|México"),
    ("FM", "FSM", "Micronesia|Micronesia, Federated States of|Federated States of Micronesia"),
    ("MD", "MDA", "Moldova|Moldova, Republic of"),
    ("MC", "MCO", "Monaco"),
    ("MN", "MNG", "Mongolia"),
    ("ME", "MNE", "Montenegro"),
    ("MS", "MSR", "Montserrat"),
    ("MA", "MAR", "Morocco"),
    ("MZ", "MOZ", "Mozambique"),
    ("MM", "MMR", "Myanmar|Burma"),
    ("NA", "NAM", "Namibia"),
    ("NR", "NRU", "Nauru"),
    ("NP", "NPL", "Nepal"),
    ("NL", "NLD", "Netherlands|Holland|Kingdom of the Netherlands|Nederland"),
    ("NC", "NCL", "New Caledonia"),
    ("NZ", "NZL", "New Zealand"),
    ("NI", "NIC", "Nicaragua"),
    ("NE", "NER", "Niger"),
    ("NG", "NGA", "Nigeria"),
    ("NU", "NIU", "Niue"),
    ("NF", "NFK", "Norfolk Island"),
    ("MK", "MKD", "North Macedonia|Macedonia"),
    ("MP", "MNP", "Northern Mariana Islands"),
    ("NO", "NOR", "Norway"),
    ("OM", "OMN", "Oman"),
    ("PK", "PAK", "Pakistan"),
    ("PW", "PLW", "Palau"),
    ("PS", "PSE", "Palestine, State of|Palestine|State of Palestine"),
    ("PA", "PAN", "Panama"),
    ("PG", "PNG", "Papua New Guinea"),
    ("PY", "PRY", "Paraguay"),
    ("PE", "PER", "Peru"),
    ("PH", "PHL", "Philippines"),
    ("PN", "PCN", "Pitcairn|Pitcairn Islands"),
    ("PL", "POL", "Poland"),
    ("PT", "PRT", "Portugal"),
    ("PR", "PRI", "Puerto Rico"),
    ("QA", "QAT", "Qatar"),
    ("RE", "REU", "Réunion|Reunion"),
    ("RO", "ROU", "Romania"),
    ("RU", "RUS", "Russian Federation|Russia"),
    ("RW", "RWA", "Rwanda"),
    ("BL", "BLM", "Saint Barthélemy|Saint Barthelemy|St Barthelemy"),
    ("SH", "SHN", "Saint Helena, Ascension and Tristan da Cunha|Saint Helena|St Helena"),
    ("KN", "KNA", "Saint Kitts and Nevis|St Kitts and Nevis"),
    ("LC", "LCA", "Saint Lucia|St Lucia"),
    ("MF", "MAF", "Saint Martin (French part)|Saint Martin|St Martin"),
    ("PM", "SPM", "Saint Pierre and Miquelon|St Pierre and Miquelon"),
    ("VC", "VCT", "Saint Vincent and the Grenadines|St Vincent and the Grenadines"),
    ("WS", "WSM", "Samoa"),
    ("SM", "SMR", "San Marino"),
    ("ST", "STP", "Sao Tome and Principe|São Tomé and Príncipe"),
    ("SA", "SAU", "Saudi Arabia"),
    ("SN", "SEN", "Senegal"),
    ("RS", "SRB", "Serbia"),
    ("SC", "SYC", "Seychelles"),
    ("SL", "SLE", "Sierra Leone"),
    ("SG", "SGP", "Singapore"),
    ("SX", "SXM", "Sint Maarten (Dutch part)|Sint Maarten"),
    ("SK", "SVK", "Slovakia|Slovak Republic"),
    ("SI", "SVN", "Slovenia"),
    ("SB", "SLB", "Solomon Islands"),
    ("SO", "SOM", "Somalia"),
    ("ZA", "ZAF", "South Africa"),
    ("GS", "SGS", "South Georgia and the South Sandwich Islands"),
    ("SS", "SSD", "South Sudan"),
    ("ES", "ESP", "Spain|España"),
    ("LK", "LKA", "Sri Lanka"),
    ("SD", "SDN", "Sudan"),
    ("SR", "SUR", "Suriname"),
    ("SJ", "SJM", "Svalbard and Jan Mayen"),
    ("SE", "SWE", "Sweden"),
    ("CH", "CHE", "Switzerland"),
    ("SY", "SYR", "Syrian Arab Republic|Syria"),
    ("TW", "TWN", "Taiwan|Taiwan, Province of China"),
    ("TJ", "TJK", "Tajikistan"),
    ("TZ", "TZA", "Tanzania, United Republic of|Tanzania|United Republic of Tanzania"),
    ("TH", "THA", "Thailand"),
    ("TL", "TLS", "Timor-Leste|East Timor"),
    ("TG", "TGO", "Togo"),
    ("TK", "TKL", "Tokelau"),
    ("TO", "TON", "Tonga"),
    ("TT", "TTO", "Trinidad and Tobago"),
    ("TN", "TUN", "Tunisia"),
    ("TR", "TUR", "Türkiye|Turkiye|Turkey"),
    ("TM", "TKM", "Turkmenistan"),
    ("TC", "TCA", "Turks and Caicos Islands"),
    ("TV", "TUV", "Tuvalu"),
    ("UG", "UGA", "Uganda"),
    ("UA", "UKR", "Ukraine"),
    ("AE", "ARE", "United Arab Emirates|UAE"),
    ("GB", "GBR", "United Kingdom|UK|Great Britain|Britain|United Kingdom of Great Britain and Northern Ireland|England|Scotland|Wales|Northern Ireland"),
    ("US", "USA", "United States of America|United States|America"),
    ("UM", "UMI", "United States Minor Outlying Islands"),
    ("UY", "URY", "Uruguay"),
    ("UZ", "UZB", "Uzbekistan"),
    ("VU", "VUT", "Vanuatu"),
    ("VE", "VEN", "Venezuela|Venezuela, Bolivarian Republic of"),
    ("VN", "VNM", "Viet Nam|Vietnam"),
    ("VG", "VGB", "Virgin Islands, British|British Virgin Islands|Virgin Islands (British)"),
    ("VI", "VIR", "Virgin Islands, U.S.|US Virgin Islands|Virgin Islands (U.S.)|United States Virgin Islands"),
    ("WF", "WLF", "Wallis and Futuna"),
    ("EH", "ESH", "Western Sahara"),
    ("YE", "YEM", "Yemen"),
    ("ZM", "ZMB", "Zambia"),
    ("ZW", "ZWE", "Zimbabwe"),
    ("XK", "XKX", "Kosovo"),
];

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for (alpha2, alpha3, names) in COUNTRIES {
        codes.insert(letters(alpha2), alpha2);
        codes.insert(letters(alpha3), alpha2);
        codes.extend(names.split('|').map(|name| (letters(name), alpha2)));
    }
    codes
});

/// The ISO 3166-1 alpha-2 code of a country, from its name, its alpha-2 or its alpha-3 code, in any
/// case and with any punctuation. `None` when it is none of them.
#[must_use]
pub fn country_code(text: &str) -> Option<&'static str> {
    BY_NAME.get(&letters(text)).copied()
}

/// Letters only, in lower case, without a leading article.
fn letters(text: &str) -> String {
    let lower = text.trim().to_lowercase().replace('&', " and ");
    let bare = lower.strip_prefix("the ").unwrap_or(&lower);
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_name_leads_to_its_country_alone() {
        for (alpha2, alpha3, names) in COUNTRIES {
            assert_eq!(country_code(alpha2), Some(alpha2));
            assert_eq!(country_code(alpha3), Some(alpha2));
            for name in names.split('|') {
                assert_eq!(country_code(name), Some(alpha2), "{name}");
            }
        }
    }

    #[test]
    fn country_is_found_however_it_is_written() {
        let check = |input: &str, expect: Option<&str>| assert_eq!(country_code(input), expect);
        check("gb", Some("GB"));
        check(" uk ", Some("GB"));
        check("United  Kingdom", Some("GB"));
        check("the Netherlands", Some("NL"));
        check("USA", Some("US"));
        check("u.s.a.", Some("US"));
        check("DEU", Some("DE"));
        check("Trinidad & Tobago", Some("TT"));
        check("CÔTE D’IVOIRE", Some("CI"));
        check("", None);
        check("the", None);
        check("Atlantis", None);
        check("ZZ", None);
    }
}
