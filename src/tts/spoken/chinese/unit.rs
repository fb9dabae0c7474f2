//! What is measured, in Mandarin and Cantonese: some measures are said before their number.

use super::super::unit::Unit;

/// Words before and after a number.
pub(super) struct Measure(pub(super) &'static str, pub(super) &'static str);

pub(super) fn mandarin(unit: Unit) -> Measure {
    match unit {
        Unit::Percent => Measure("百分之", ""),
        Unit::Celsius | Unit::Degree => Measure("", "度"),
        Unit::Fahrenheit => Measure("", "华氏度"),
        Unit::Microgram => Measure("", "微克"),
        Unit::Milligram => Measure("", "毫克"),
        Unit::Gram => Measure("", "克"),
        Unit::Kilogram => Measure("", "公斤"),
        Unit::Millilitre => Measure("", "毫升"),
        Unit::Litre => Measure("", "升"),
        Unit::Millimetre => Measure("", "毫米"),
        Unit::Centimetre => Measure("", "厘米"),
        Unit::Metre => Measure("", "米"),
        Unit::Kilometre => Measure("", "公里"),
        Unit::KilometrePerHour => Measure("每小时", "公里"),
        Unit::Pound => Measure("", "磅"),
        Unit::Ounce => Measure("", "盎司"),
        Unit::Foot => Measure("", "英尺"),
        Unit::Second => Measure("", "秒"),
        Unit::Minute => Measure("", "分钟"),
        Unit::Hour => Measure("", "小时"),
        Unit::Mercury => Measure("", "毫米汞柱"),
        Unit::Beats => Measure("每分钟", "次"),
        Unit::MilligramPerDecilitre => Measure("每分升", "毫克"),
        Unit::MillimolePerLitre => Measure("每升", "毫摩尔"),
        Unit::GramPerLitre => Measure("每升", "克"),
        Unit::MilligramPerKilogram => Measure("每公斤", "毫克"),
        Unit::International => Measure("", "单位"),
        Unit::Kilocalorie => Measure("", "大卡"),
    }
}

pub(super) fn cantonese(unit: Unit) -> Measure {
    match unit {
        Unit::Percent => Measure("百分之", ""),
        Unit::Celsius | Unit::Degree => Measure("", "度"),
        Unit::Fahrenheit => Measure("", "華氏度"),
        Unit::Microgram => Measure("", "微克"),
        Unit::Milligram => Measure("", "毫克"),
        Unit::Gram => Measure("", "克"),
        Unit::Kilogram => Measure("", "公斤"),
        Unit::Millilitre => Measure("", "毫升"),
        Unit::Litre => Measure("", "公升"),
        Unit::Millimetre => Measure("", "毫米"),
        Unit::Centimetre => Measure("", "厘米"),
        Unit::Metre => Measure("", "米"),
        Unit::Kilometre => Measure("", "公里"),
        Unit::KilometrePerHour => Measure("每小時", "公里"),
        Unit::Pound => Measure("", "磅"),
        Unit::Ounce => Measure("", "安士"),
        Unit::Foot => Measure("", "呎"),
        Unit::Second => Measure("", "秒"),
        Unit::Minute => Measure("", "分鐘"),
        Unit::Hour => Measure("", "個鐘"),
        Unit::Mercury => Measure("", "毫米水銀柱"),
        Unit::Beats => Measure("每分鐘", "下"),
        Unit::MilligramPerDecilitre => Measure("每分升", "毫克"),
        Unit::MillimolePerLitre => Measure("每公升", "毫摩爾"),
        Unit::GramPerLitre => Measure("每公升", "克"),
        Unit::MilligramPerKilogram => Measure("每公斤", "毫克"),
        Unit::International => Measure("", "單位"),
        Unit::Kilocalorie => Measure("", "千卡"),
    }
}
