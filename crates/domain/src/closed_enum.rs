//! `closed_enum!`: an enum whose values have one spelling in JSON, in PostgreSQL and in logs.

/// Declares an enum with `ALL`, `as_str`, `FromStr`, `Display` and serde under one spelling.
macro_rules! closed_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $text:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[$vmeta])* #[serde(rename = $text)] $variant ),+ }

        impl $name {
            /// Every value, in the order of the PostgreSQL type.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling in JSON and in PostgreSQL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::validation::UnknownValue;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::validation::UnknownValue {
                        kind: stringify!($name), value: text.to_owned(), expected: &[$($text),+],
                    }),
                }
            }
        }
    };
}
